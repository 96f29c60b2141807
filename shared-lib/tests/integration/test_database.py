"""How long a transaction waits when the database is stuck."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from shared_lib import deadline
from shared_lib.database.engine import Database, Turn
from shared_lib.database.row_level_security import NO_TENANT, TENANT_SETTING, tenant
from shared_lib.errors import Unavailable
from shared_lib_testing.postgres import Addresses
from sqlalchemy import text


def seconds_until_refused(database: Database, *statements: str) -> float:
    def ask() -> None:
        with database.begin(NO_TENANT) as session:
            for statement in statements or ("SELECT count(*) FROM outbox",):
                session.execute(text(statement))

    begun = time.monotonic()
    with pytest.raises(Unavailable):
        ask()
    return time.monotonic() - begun


def test_a_crowd_before_a_locked_table_is_refused_soon_and_served_once_it_is_free(
    outbox_addresses: Addresses,
) -> None:
    database = Database.open(outbox_addresses.app, pool_size=4)
    with psycopg.connect(outbox_addresses.owner) as blocker:
        blocker.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(16) as crowd:
            begun = time.monotonic()
            waits = list(crowd.map(lambda _: seconds_until_refused(database), range(40)))
            took = time.monotonic() - begun
    with database.begin(NO_TENANT) as session:
        found = session.scalar(text("SELECT count(*) FROM outbox"))
    database.close()

    assert max(waits) < 3.5
    assert took < 6
    assert found == 0


def test_waiting_for_one_lock_after_another_is_bounded_as_a_whole(outbox_addresses: Addresses) -> None:
    database = Database.open(outbox_addresses.app, lock_timeout=2.0, transaction_timeout=2.5)
    with psycopg.connect(outbox_addresses.owner) as first, psycopg.connect(outbox_addresses.owner) as second:
        first.execute("SELECT pg_advisory_lock(1)")
        second.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        threading.Timer(1.5, first.close).start()
        took = seconds_until_refused(database, "SELECT pg_advisory_xact_lock(1)", "SELECT count(*) FROM outbox")
    database.close()

    assert 1.5 < took < 3.2


def test_a_request_that_has_queued_waits_for_what_is_left_of_its_time(outbox_url: str) -> None:
    database = Database.open(outbox_url, lock_timeout=4.0, transaction_timeout=4.0)
    with psycopg.connect(outbox_url) as blocker, deadline.at(time.monotonic() + 2.1):
        blocker.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        took = seconds_until_refused(database)
    database.close()

    assert 1.9 < took < 3.0


def test_the_limit_of_a_late_request_counts_from_its_beginning_and_for_everything_it_does(outbox_url: str) -> None:
    database = Database.open(outbox_url, transaction_timeout=4.0)
    with deadline.at(time.monotonic() + 2.1):
        took = seconds_until_refused(database, "SELECT pg_sleep(1.5)", "SELECT pg_sleep(1.5)")
    database.close()

    assert 1.5 < took < 2.8


def test_a_deadlock_is_trouble_too(outbox_url: str) -> None:
    database = Database.open(outbox_url, transaction_timeout=2.5)
    with psycopg.connect(outbox_url) as other:
        other.execute("SELECT pg_advisory_lock(1)")

        def cross() -> None:
            with database.begin(NO_TENANT) as session:
                session.execute(text("SELECT pg_advisory_xact_lock(2)"))
                # Whoever has waited for a second looks for deadlocks first: that is us.
                threading.Timer(0.4, other.execute, ("SELECT pg_advisory_lock(2)",)).start()
                session.execute(text("SELECT pg_advisory_xact_lock(1)"))

        with pytest.raises(Unavailable, match="40P01"):
            cross()
        with psycopg.connect(outbox_url) as blocker:
            blocker.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
            took = seconds_until_refused(database)
    database.close()

    assert took < 1.0


def test_a_database_that_is_not_there_is_found_out_at_once() -> None:
    assert seconds_until_refused(Database.open("postgresql://nobody@127.0.0.1:1/nothing")) < 2.5


def test_a_connection_that_is_lost_makes_way_for_the_next(outbox_addresses: Addresses) -> None:
    database = Database.open(outbox_addresses.app, pool_size=1)
    asked = []

    def lose_it() -> None:
        with database.begin(NO_TENANT) as session:
            backend = session.scalar(text("SELECT pg_backend_pid()"))
            with psycopg.connect(outbox_addresses.app, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [backend])
            session.execute(text("SELECT 1"))

    for _ in range(2):
        with pytest.raises(Unavailable):
            lose_it()
        with database.begin(NO_TENANT) as session:
            asked.append(session.scalar(text("SELECT 1")))
    database.close()

    assert asked == [1, 1]


def test_transactions_in_one_turn_follow_each_other_and_others_do_not_wait(outbox_url: str) -> None:
    database = Database.open(outbox_url, pool_size=2, lock_timeout=0.2)
    with database.begin(NO_TENANT, turn=Turn(1, "a")) as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(Unavailable), database.begin(NO_TENANT, turn=Turn(1, "a")) as waiting:
            waiting.execute(text("SELECT 1"))
        with database.begin(NO_TENANT, turn=Turn(1, "b")) as other:
            other.execute(text("SELECT 1"))
    with database.begin(NO_TENANT, turn=Turn(1, "a")) as session:
        session.execute(text("SELECT 1"))
    database.close()


@pytest.mark.parametrize("name", ["o'neill", "back\\slash", "100%s", "; ROLLBACK; --"])
def test_a_transaction_begins_with_the_very_name_of_its_tenant_and_ends_with_it(outbox_url: str, name: str) -> None:
    database = Database.open(outbox_url, pool_size=1)
    query = text(f"SELECT current_setting('{TENANT_SETTING}', true)")
    with database.begin(tenant(name)) as session:
        assert session.scalar(query) == name
        assert session.connection().connection.driver_connection.info.transaction_status.name == "INTRANS"
    with database.begin(NO_TENANT) as session:
        assert session.scalar(query) == ""
    database.close()
