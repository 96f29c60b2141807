"""A database with the tables of shared_lib and row-level security; downstream services that follow a script."""

from collections.abc import Callable, Iterator

import pytest
from shared_lib import agenda, audit, idempotency, outbox
from shared_lib.database import roles
from shared_lib.database.engine import Database
from shared_lib.outbox import Dispatcher
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for, truncate_all
from shared_lib_testing.schema import create_shared_tables
from sqlalchemy import text

from .downstream_services import DownstreamService
from .outbox_world import Destination, MovableClock, a_relay, started_long_ago


def create_tables(dsn: str) -> None:
    create_shared_tables(dsn)
    database = Database.open(dsn, pool_size=1)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        roles.grant_privileges(connection, {**agenda.GRANTS, **audit.GRANTS, **outbox.GRANTS, **idempotency.GRANTS})
    database.close()


@pytest.fixture(scope="session")
def outbox_addresses(postgres_server: PostgresServer) -> Addresses:
    return database_for(postgres_server, "outbox", create_tables)


@pytest.fixture(scope="session")
def outbox_url(outbox_addresses: Addresses) -> str:
    return outbox_addresses.app


@pytest.fixture
def database(outbox_addresses: Addresses, outbox_url: str) -> Iterator[Database]:
    truncate_all(outbox_addresses.owner)
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
def dispatcher(database: Database, destination: Destination, clock: MovableClock) -> Dispatcher:
    return a_relay(database, destination, clock)


@pytest.fixture
def downstream() -> Iterator[Callable[..., DownstreamService]]:
    made: list[DownstreamService] = []

    def make(*scripts: Callable[..., None]) -> DownstreamService:
        made.append(DownstreamService(*scripts))
        return made[-1]

    yield make
    for one in made:
        one.close()
