"""Fixtures: the service on a real database, and an HTTP client."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from acknowledgement_service import MIGRATIONS
from acknowledgement_service.app import create_app
from acknowledgement_service.config import Config
from acknowledgement_service.store.tables import GRANTS
from acknowledgement_service.usecases.lapses import Lapses
from flask import Flask
from flask.testing import FlaskClient
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.privacy.encryption import FieldCipher
from shared_lib.web.app import close_app
from shared_lib_testing.issuer import Issuer, bearer
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for, truncate_all

AUDIENCE = "acknowledgement-service"


def migrate_empty(dsn: str) -> None:
    database = Database.open(dsn, pool_size=1)
    migrate(database, MIGRATIONS, GRANTS)
    database.close()


@pytest.fixture(scope="session")
def addresses(postgres_server: PostgresServer) -> Addresses:
    return database_for(postgres_server, "acknowledgement", migrate_empty)


@pytest.fixture(scope="session")
def database_url(addresses: Addresses) -> str:
    """As the database role of the service, with no more rights than it has."""
    return addresses.app


@pytest.fixture
def database(addresses: Addresses, database_url: str) -> Iterator[Database]:
    truncate_all(addresses.owner)
    database = Database.open(database_url, pool_size=20)
    yield database
    database.close()


@pytest.fixture(scope="session")
def note_encryption_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "note-keys.json"
    path.write_text(json.dumps({"current": "k1", "keys": {"k1": base64.b64encode(b"k" * 32).decode()}}))
    return path


class MovableClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def lapses(database: Database, note_encryption_keys: Path, clock: MovableClock) -> Lapses:
    return Lapses(
        database=database,
        cipher=FieldCipher.from_file(str(note_encryption_keys), setting="NOTE_ENCRYPTION_KEYS"),
        clock=clock,
    )


@pytest.fixture
def app(
    database: Database, database_url: str, note_encryption_keys: Path, issuer: Issuer, clock: MovableClock
) -> Iterator[Flask]:
    config = Config.from_env(issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS=str(note_encryption_keys)))
    app = create_app(config, clock=clock)
    yield app
    close_app(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


Headers = dict[str, str]


@pytest.fixture
def as_person(issuer: Issuer) -> Callable[..., Headers]:
    def headers(subject: str, role: str, organisation: str | None = "lhl", **claims: Any) -> Headers:
        return bearer(issuer.person(subject, role, organisation, audience=AUDIENCE, **claims))

    return headers


@pytest.fixture
def as_service(issuer: Issuer) -> Headers:
    return bearer(issuer.service("notification-service", audience=AUDIENCE))
