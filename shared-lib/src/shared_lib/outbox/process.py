"""Being a relay process: from the first signal to the exit code."""

import signal

import structlog

from .loop import RelayLoop
from .relay import Relay

log = structlog.get_logger(__name__)


def run(relay: Relay) -> int:
    """Keep promises until SIGTERM or SIGINT; then finish what is under way, give the rest back and answer 0."""
    loop = RelayLoop(relay)
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: loop.stop())
    log.info("relay.started")
    loop.run()
    relay.database.close()
    log.info("relay.stopped")
    return 0
