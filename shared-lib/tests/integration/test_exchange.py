"""What is asked together: the same answers as the driver gives, however often, and after whatever went wrong."""

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb
from shared_lib.exchange import Exchange
from shared_lib.prepared import PREPARED_AT_MOST
from shared_lib.testing.postgres import Addresses

ANSWER = "SELECT %(number)s::integer AS number"


@pytest.fixture
def driver(outbox_addresses: Addresses) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(outbox_addresses.owner, autocommit=True, prepare_threshold=None) as driver:
        yield driver


@pytest.fixture
def asking(driver: "psycopg.Connection[Any]") -> Exchange:
    return Exchange(driver)


@pytest.fixture
def changing(driver: "psycopg.Connection[Any]") -> Iterator[None]:
    driver.execute("CREATE TABLE changing (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    yield
    driver.execute("DROP TABLE changing")


def prepared(driver: "psycopg.Connection[Any]") -> list[str]:
    return [row[0] for row in driver.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", None),
        ("boolean", True),
        ("integer", 7),
        ("bigint", 2**40),
        ("numeric", Decimal("1.50")),
        ("text", "blåbær 'x' \\ %"),
        ("double precision", 0.1),
        ("date", date(2026, 3, 20)),
        ("interval", timedelta(days=3, seconds=1)),
        ("uuid", UUID(int=7)),
        ("uuid[]", [UUID(int=7)]),
        ("timestamptz", datetime(2026, 3, 20, 8, tzinfo=UTC)),
        ("text[]", ["a", "b"]),
        ("bytea", b"\x00\xff"),
        ("jsonb", Jsonb({"a": [1, None]})),
    ],
)
def test_a_value_comes_back_as_the_driver_brings_it(
    asking: Exchange, driver: "psycopg.Connection[Any]", kind: str, value: object
) -> None:
    statement = f"SELECT %(value)s::{kind} AS value"
    expected = driver.execute(statement.encode(), {"value": value}).fetchall()
    for _ in range(3):  # as it is, newly prepared, and prepared
        (reply,) = asking.ask([(statement, {"value": value})])
        assert [tuple(row) for row in reply.rows] == expected


def test_replies_come_in_the_order_of_the_questions(asking: Exchange) -> None:
    for first in range(0, 30, 10):
        replies = asking.ask([(ANSWER, {"number": first + number}) for number in range(10)])
        assert [reply.rows[0].number for reply in replies] == list(range(first, first + 10))


def test_a_statement_is_prepared_when_it_comes_again(asking: Exchange, driver: "psycopg.Connection[Any]") -> None:
    asking.ask([(ANSWER, {"number": 1})])
    assert prepared(driver) == []
    asking.ask([(ANSWER, {"number": 2}), (ANSWER, {"number": 3})])
    assert prepared(driver) == ["SELECT $1::integer AS number"]


def test_a_connection_keeps_a_limited_number_of_prepared_statements(
    asking: Exchange, driver: "psycopg.Connection[Any]"
) -> None:
    for number in range(PREPARED_AT_MOST + 20):
        for _ in range(2):
            asking.ask([(f"SELECT {number} + %(number)s::integer AS number", {"number": 1})])
    asking.ask([(ANSWER, {"number": 1})])
    assert len(prepared(driver)) <= PREPARED_AT_MOST + 1
    assert prepared(driver)[-1] == f"SELECT {PREPARED_AT_MOST + 19} + $1::integer AS number"


@pytest.mark.usefixtures("changing")
def test_a_prepared_statement_survives_a_migration(asking: Exchange, driver: "psycopg.Connection[Any]") -> None:
    """At most the request that comes first notices (PostgreSQL: cached plan must not change result type)."""
    statement = ("SELECT * FROM changing WHERE id >= %(number)s", {"number": 0})
    asking.ask([("INSERT INTO changing VALUES (1)", None), statement])
    asking.ask([statement])
    driver.execute("ALTER TABLE changing ADD COLUMN name text DEFAULT 'box'")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        asking.ask([statement])
    assert [tuple(row) for row in asking.ask([statement])[0].rows] == [(1, "box")]


def test_a_prepared_statement_that_somebody_threw_away_is_prepared_anew(
    asking: Exchange, driver: "psycopg.Connection[Any]"
) -> None:
    for _ in range(3):
        asking.ask([(ANSWER, {"number": 1})])
    driver.execute("DEALLOCATE ALL")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        asking.ask([(ANSWER, {"number": 1})])
    assert asking.ask([(ANSWER, {"number": 2})])[0].rows[0].number == 2


def test_the_first_error_is_raised_and_what_follows_it_is_not_done(
    asking: Exchange, driver: "psycopg.Connection[Any]"
) -> None:
    wrong = ("SELECT 1 / %(number)s::integer AS number", {"number": 0})
    for _ in range(3):  # as it is, newly prepared, and prepared
        with pytest.raises(psycopg.errors.DivisionByZero):
            asking.ask([(ANSWER, {"number": 1}), wrong, ("SELECT nothing FROM nowhere", None)])
        assert not driver.broken
        assert asking.ask([(ANSWER, {"number": 2})])[0].rows[0].number == 2


@pytest.mark.usefixtures("changing")
def test_a_rule_that_is_checked_at_the_commit_is_an_error(asking: Exchange, driver: "psycopg.Connection[Any]") -> None:
    insert = ("INSERT INTO changing VALUES (%(number)s)", {"number": 1})
    with pytest.raises(psycopg.errors.UniqueViolation):
        asking.ask([insert, insert])
    assert asking.ask([("SELECT count(*) AS number FROM changing", None)])[0].rows[0].number == 0
    asking.ask([insert])


def test_what_is_larger_than_any_buffer_goes_both_ways(asking: Exchange) -> None:
    large = "x" * 2_000_000
    replies = asking.ask([("SELECT %(text)s::text AS text", {"text": large})] * 8)
    assert all(reply.rows[0].text == large for reply in replies)


def test_names_stand_for_one_value_each_and_percent_signs_are_written_twice(asking: Exchange) -> None:
    both = "SELECT %(a)s::text || %(b)s || %(a)s AS text, 'x' LIKE '%%' AS is_like"
    (reply,) = asking.ask([(both, {"a": "1", "b": "2"})])
    assert tuple(reply.rows[0]) == ("121", True)
    with pytest.raises(psycopg.ProgrammingError, match="percent"):
        asking.ask([("SELECT 'x' LIKE '%'", {})])
    assert asking.ask([("SELECT 'x' LIKE '%' AS is_like", None)])[0].rows[0].is_like


def test_a_column_without_a_name_for_python_is_there_all_the_same(asking: Exchange) -> None:
    (reply,) = asking.ask([('SELECT 1, 2 AS "class", 3 AS good, 4 AS good', None)])
    assert tuple(reply.rows[0]) == (1, 2, 3, 4)
    assert reply.rows[0].good == 3


def test_a_mistake_in_the_values_leaves_the_connection_as_it_was(
    asking: Exchange, driver: "psycopg.Connection[Any]"
) -> None:
    for values in ({}, {"number": object()}):
        with pytest.raises((KeyError, psycopg.ProgrammingError)):
            asking.ask([(ANSWER, {"number": 1}), (ANSWER, values)])
    assert asking.ask([(ANSWER, {"number": 2})])[0].rows[0].number == 2
    assert not driver.broken


def test_a_connection_whose_waiting_was_broken_off_is_broken(
    asking: Exchange, driver: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would come next is the answer to an earlier question."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(0.2, signal.pthread_kill, [threading.main_thread().ident, signal.SIGUSR1])
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            asking.ask([("SELECT pg_sleep(30)", None)])
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    assert driver.broken


def test_a_server_that_ends_the_connection_says_why(asking: Exchange, driver: "psycopg.Connection[Any]") -> None:
    driver.execute("SET transaction_timeout = '100ms'")
    with pytest.raises(psycopg.errors.TransactionTimeout):
        asking.ask([(ANSWER, {"number": 1}), ("SELECT pg_sleep(30)", None), (ANSWER, {"number": 2})])
    assert driver.broken


def test_a_server_that_goes_is_an_operational_error(
    asking: Exchange, driver: "psycopg.Connection[Any]", outbox_addresses: Addresses
) -> None:
    pid = driver.info.backend_pid
    with psycopg.connect(outbox_addresses.owner) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(psycopg.OperationalError):
        asking.ask([(ANSWER, {"number": 1})])
    assert driver.broken
