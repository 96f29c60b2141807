"""The three databases, each with its three roles, on one embedded server that is started again when it dies."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from embedded_postgres import EmbeddedDatabaseError, EmbeddedPostgres
from interpreter import REPOSITORY
from settings import SERVICES
from shared_lib.database.row_level_security import ALL_TENANTS_SETTING

PAUSE_AFTER_FAILURE = 2.0
RESTART_TIMEOUT = 15.0
ROLES = REPOSITORY / "deploy" / "database" / "roles.sql"


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The addresses of one database, by role."""

    owner: str
    app: str
    read: str

    @property
    def owner_of_all_tenants(self) -> str:
        """As the owner, with the rows of all organisations: for fault drills."""
        return _of_all_tenants(self.owner)

    @property
    def reader_of_all_tenants(self) -> str:
        """As the reader, with the rows of all organisations."""
        return _of_all_tenants(self.read)


class Databases:
    def __init__(self, directory: Path, logs: Path) -> None:
        self._server = EmbeddedPostgres(directory)
        self._log_link = logs / "postgres.log"  # the server keeps and bounds its own log; this is where people look
        self._again_at: float | None = None
        self.addresses: dict[str, Addresses] = {}

    @property
    def pid(self) -> int | None:
        return self._server.pid

    def start(self) -> None:
        """Blocks until the server answers; raises EmbeddedDatabaseError."""
        self._server.start()
        if not self._log_link.is_symlink():
            self._log_link.symlink_to(self._server.log)
        self.addresses = {service: self.create(service) for service in SERVICES}

    def create(self, name: str) -> Addresses:
        """Make a database and its roles, if they are missing."""
        owner, app, reader = roles = [f"{name}_{kind}" for kind in ("owner", "app", "read")]
        self._server.create_database(name, owner)
        addresses = self._server.create_roles(name, ROLES.read_text(), roles)
        return Addresses(owner=addresses[owner], app=addresses[app], read=addresses[reader])

    def watch(self, note: Callable[[str], None]) -> None:
        """Start the server again if it has died; addresses and passwords stay the same."""
        if self.pid is not None or (self._again_at and time.monotonic() < self._again_at):
            return
        try:
            note("postgres ended, again now")
            self._server.start(timeout=RESTART_TIMEOUT)
        except EmbeddedDatabaseError as error:
            note(f"postgres did not start: {error}")
            self._again_at = time.monotonic() + PAUSE_AFTER_FAILURE

    def stop(self) -> None:
        self._server.stop()


def _of_all_tenants(address: str) -> str:
    return f"{address}&options={quote(f'-c {ALL_TENANTS_SETTING}=operations')}"
