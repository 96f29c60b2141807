"""The three databases, each with a role of its own, on one embedded server that is started again when it dies."""

import time
from collections.abc import Callable
from pathlib import Path

from settings import SERVICES
from shared_lib.embedded import EmbeddedDatabaseError, EmbeddedPostgres

PAUSE_AFTER_FAILURE = 2.0
RESTART_PATIENCE = 15.0


class Databases:
    def __init__(self, directory: Path, logs: Path) -> None:
        self._server = EmbeddedPostgres(directory)
        self._log_link = logs / "postgres.log"  # the server keeps and bounds its own log; this is where people look
        self._again_at: float | None = None
        self.dsns: dict[str, str] = {}

    @property
    def pid(self) -> int | None:
        return self._server.pid

    def start(self) -> None:
        """Blocks until the server answers; raises EmbeddedDatabaseError."""
        self._server.start()
        if not self._log_link.is_symlink():
            self._log_link.symlink_to(self._server.log)
        self.dsns = {service: self.create(service, service) for service in SERVICES}

    def create(self, name: str, role: str) -> str:
        """Make a database and the role that owns it, if they are missing; answers its address."""
        return self._server.create_database(name, role)

    def watch(self, note: Callable[[str], None]) -> None:
        """Start the server again if it has died; addresses and passwords stay the same."""
        if self.pid is not None or (self._again_at and time.monotonic() < self._again_at):
            return
        try:
            note("postgres ended, again now")
            self._server.start(patience=RESTART_PATIENCE)
        except EmbeddedDatabaseError as error:
            note(f"postgres did not start: {error}")
            self._again_at = time.monotonic() + PAUSE_AFTER_FAILURE

    def stop(self) -> None:
        self._server.stop()
