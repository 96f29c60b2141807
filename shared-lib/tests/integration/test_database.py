"""How long a transaction waits when the database is stuck."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from shared_lib.database import Database
from shared_lib.errors import Unavailable
from sqlalchemy import text


def seconds_until_refused(database: Database, *statements: str) -> float:
    def ask() -> None:
        with database.begin() as session:
            for statement in statements or ("SELECT count(*) FROM outbox",):
                session.execute(text(statement))

    begun = time.monotonic()
    with pytest.raises(Unavailable):
        ask()
    return time.monotonic() - begun


def test_a_crowd_before_a_locked_table_is_refused_soon_and_served_once_it_is_free(outbox_url: str) -> None:
    database = Database.open(outbox_url, pool_size=4)
    with psycopg.connect(outbox_url) as blocker:
        blocker.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(16) as crowd:
            begun = time.monotonic()
            waits = list(crowd.map(lambda _: seconds_until_refused(database), range(40)))
            took = time.monotonic() - begun
    with database.begin() as session:
        found = session.scalar(text("SELECT count(*) FROM outbox"))
    database.close()

    assert max(waits) < 3.5
    assert took < 6
    assert found == 0


def test_waiting_for_one_lock_after_another_is_bounded_as_a_whole(outbox_url: str) -> None:
    database = Database.open(outbox_url, lock_timeout=2.0, transaction_timeout=2.5)
    with psycopg.connect(outbox_url) as first, psycopg.connect(outbox_url) as second:
        first.execute("SELECT pg_advisory_lock(1)")
        second.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        threading.Timer(1.5, first.close).start()
        took = seconds_until_refused(database, "SELECT pg_advisory_xact_lock(1)", "SELECT count(*) FROM outbox")
    database.close()

    assert 1.5 < took < 3.2


def test_a_database_that_is_not_there_is_found_out_at_once() -> None:
    assert seconds_until_refused(Database.open("postgresql://nobody@127.0.0.1:1/nothing")) < 2.5
