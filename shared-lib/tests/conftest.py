"""A database that holds nothing but an outbox and idempotency keys."""

from collections.abc import Iterator

import psycopg
import pytest
from shared_lib import idempotency, outbox
from shared_lib.database import Database
from shared_lib.outbox import Relay
from shared_lib.testing.postgres import PostgresServer, database_for, truncate_all

from .outbox_world import Destination, MovableClock, a_relay, started_long_ago


def _create(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(outbox.CREATE + idempotency.CREATE)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def outbox_url(postgres_server: PostgresServer) -> str:
    return database_for(postgres_server, "outbox", _create)


@pytest.fixture
def database(outbox_url: str) -> Iterator[Database]:
    truncate_all(outbox_url)
    database = Database.open(outbox_url, pool_size=20)
    yield database
    database.close()


@pytest.fixture
def clock(database: Database) -> MovableClock:
    clock = MovableClock()
    started_long_ago(database, clock)
    return clock


@pytest.fixture
def destination() -> Destination:
    return Destination()


@pytest.fixture
def relay(database: Database, destination: Destination, clock: MovableClock) -> Relay:
    return a_relay(database, destination, clock)
