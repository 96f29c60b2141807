"""Being a relay process: from the first signal to the exit code."""

import signal
from contextlib import nullcontext, suppress
from pathlib import Path

import structlog

from shared_lib.database.schema_revision import does_database_serve, revision_of_code
from shared_lib.errors import Unavailable

from . import monitor
from .dispatcher import Dispatcher
from .loop import Worker

log = structlog.get_logger(__name__)


SCHEMA_SECONDS = 1.0


def run(dispatcher: Dispatcher, migrations: Path, *, metrics_bind: str | None) -> int:
    """Keep promises until SIGTERM or SIGINT; then finish what is under way, give the rest back and answer 0.

    Begins once the database serves code of these `migrations`: a relay that is rolled out before the migration has run
    would break off one attempt after the other. Tells how it is at `metrics_bind` (host:port), if anywhere.
    """
    loop = Worker(dispatcher)
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: loop.stop())
    log.info("relay.started")
    with monitor.serving(metrics_bind, loop.is_turning) if metrics_bind else nullcontext():
        if _schema_awaited(dispatcher, revision_of_code(migrations)):
            loop.run()
    dispatcher.database.close()
    log.info("relay.stopped")
    return 0


def _schema_awaited(dispatcher: Dispatcher, code: str | None) -> bool:
    """Wait until the schema fits; False when asked to stop first."""
    told = False
    while not dispatcher.stopping.is_set():
        with suppress(Unavailable):
            if does_database_serve(dispatcher.database, code):
                return True
            if not told:
                log.warning("relay.waiting_for_schema", revision=code)
                told = True
        dispatcher.stopping.wait(SCHEMA_SECONDS)
    return False
