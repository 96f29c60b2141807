"""The service on a real database with a stand-in for the notification service, and a client that speaks HTTP to it."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from orchestrator_service.app import MIGRATIONS
from orchestrator_service.app.relay import create_agenda, create_import
from orchestrator_service.app.web import create_app
from orchestrator_service.config import Config
from orchestrator_service.domain.directory_file import COLUMNS
from orchestrator_service.store.tables import GRANTS
from orchestrator_service.usecases.coordinators import Coordinators
from orchestrator_service.usecases.directory_import import Report
from orchestrator_service.usecases.pause_events import PauseEvents
from orchestrator_service.usecases.settings import OrganisationsSettings
from shared_lib.agenda import AgendaLoop
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.outbox import Dispatcher
from shared_lib.web.app import close_app
from shared_lib_testing.issuer import Issuer, bearer
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for, truncate_all

from .builders import a_file, two_organisations
from .fakes import FakeNotifier, MovableClock, StubService, WatchedProgress

AUDIENCE = "orchestrator-service"
Headers = dict[str, str]
Import = Callable[..., Report]


def migrate_empty(dsn: str) -> None:
    database = Database.open(dsn, pool_size=1)
    migrate(database, MIGRATIONS, GRANTS)
    database.close()


@pytest.fixture(scope="session")
def addresses(postgres_server: PostgresServer) -> Addresses:
    return database_for(postgres_server, "orchestrator", migrate_empty)


@pytest.fixture(scope="session")
def database_url(addresses: Addresses) -> str:
    """As the service itself reaches it: what it may not do fails."""
    return addresses.app


@pytest.fixture(scope="session")
def reason_encryption_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "reason-keys.json"
    path.write_text(json.dumps({"current": "k1", "keys": {"k1": base64.b64encode(b"k" * 32).decode()}}))
    return path


@pytest.fixture
def database(addresses: Addresses, database_url: str) -> Iterator[Database]:
    truncate_all(addresses.owner)
    database = Database.open(database_url, pool_size=20)
    yield database
    database.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def notifier() -> FakeNotifier:
    return FakeNotifier()


@pytest.fixture
def environ(issuer: Issuer, database_url: str, reason_encryption_keys: Path) -> dict[str, str]:
    return issuer.environ(
        DATABASE_URL=database_url,
        REASON_ENCRYPTION_KEYS=str(reason_encryption_keys),
        NOTIFICATION_URL="http://127.0.0.1:9",
        DATABASE_POOL_SIZE="20",
    )


@pytest.fixture
def notification_service() -> Iterator[StubService]:
    """The notification service as far as HTTP goes."""
    with StubService().running() as stub:
        yield stub


@pytest.fixture
def app(database: Database, environ: dict[str, str], notifier: FakeNotifier, clock: MovableClock) -> Iterator[Flask]:
    app = create_app(Config.from_env(environ), notifier=notifier, clock=clock)
    yield app
    close_app(app)


@pytest.fixture
def bring_in(database: Database, environ: dict[str, str], clock: MovableClock) -> Iterator[Import]:
    """Import lines, as if from a file."""
    directory_import = create_import(Config.from_env(environ), progress=WatchedProgress(), clock=clock)

    def run(*lines: dict[str, str] | bytes, dry_run: bool = False, without: frozenset[str] = frozenset()) -> Report:
        """`without`: columns that the file does not have."""
        columns = tuple(column for column in COLUMNS if column not in without)
        content = (
            lines[0]
            if isinstance(lines[0], bytes)
            else a_file(*(line for line in lines if isinstance(line, dict)), columns=columns)
        )
        file = io.BytesIO(content)
        return directory_import.run(file, size=len(content), actor_id="operations", dry_run=dry_run)

    yield run
    directory_import.database.close()


@pytest.fixture
def directory(bring_in: Import, dispatcher: Dispatcher) -> None:
    """Two organisations, whose contacts have been sent."""
    report = bring_in(*two_organisations())
    assert report.problems.shown == []
    dispatcher.run_once()


@pytest.fixture
def pause_events(app: Flask) -> PauseEvents:
    found: PauseEvents = app.extensions["pause_events"]
    return found


@pytest.fixture
def coordinators(app: Flask) -> Coordinators:
    found: Coordinators = app.extensions["coordinators"]
    return found


@pytest.fixture
def settings(app: Flask) -> OrganisationsSettings:
    found: OrganisationsSettings = app.extensions["organisations_settings"]
    return found


@pytest.fixture
def agenda(database: Database, environ: dict[str, str], clock: MovableClock) -> AgendaLoop:
    """The loop of one relay."""
    return create_agenda(Config.from_env(environ), database, clock=clock)


@pytest.fixture
def dispatcher(pause_events: PauseEvents) -> Dispatcher:
    return pause_events.dispatcher


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def as_person(issuer: Issuer) -> Callable[..., Headers]:
    def headers(subject: str, role: str | list[str], organisation: str | None = "nhf", **claims: Any) -> Headers:
        return bearer(issuer.person(subject, role, organisation, audience=AUDIENCE, **claims))

    return headers
