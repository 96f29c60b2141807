"""Being a relay process: from the first signal to the exit code."""

import signal
from contextlib import nullcontext

import structlog

from . import monitor
from .loop import RelayLoop
from .relay import Relay

log = structlog.get_logger(__name__)


def run(relay: Relay, *, metrics_bind: str | None) -> int:
    """Keep promises until SIGTERM or SIGINT; then finish what is under way, give the rest back and answer 0.

    Tells how it is at `metrics_bind` (host:port), if anywhere.
    """
    loop = RelayLoop(relay)
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: loop.stop())
    log.info("relay.started")
    with monitor.serving(metrics_bind, loop.is_turning) if metrics_bind else nullcontext():
        loop.run()
    relay.database.close()
    log.info("relay.stopped")
    return 0
