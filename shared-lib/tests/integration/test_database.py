"""How long a transaction waits when the database is stuck."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from shared_lib.database import Database
from shared_lib.errors import Unavailable
from sqlalchemy import text


def seconds_until_refused(database: Database) -> float:
    begun = time.monotonic()
    with pytest.raises(Unavailable), database.begin() as session:
        session.execute(text("SELECT count(*) FROM outbox"))
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


def test_a_database_that_is_not_there_is_found_out_at_once() -> None:
    assert seconds_until_refused(Database.open("postgresql://nobody@127.0.0.1:1/nothing")) < 2.5
