"""One delivery of a process at a time is between its mark and its written outcome, and none waits long for it."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from shared_lib.database import Database
from shared_lib.errors import Unreachable
from shared_lib.outbox import Delivery, Promise, Relay
from shared_lib.outbox.doubt import OneInDoubt
from shared_lib.tenancy import across
from shared_lib.testing.postgres import Addresses
from shared_lib.testing.statements import Statement, counted_journeys

from ..outbox_world import Destination, promise, rows


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a fifth of a second may pass between any two lines."""
    monkeypatch.setattr("shared_lib.outbox.doubt.PATIENCE_SECONDS", 10.0)


def two_in_a_row(
    relay: Relay, destination: Destination, *, meanwhile: Callable[[UUID], None] = lambda _: None
) -> list[list[Statement]]:
    """The first ends while the second waits to be marked; `meanwhile` is given the second's id. Answers what was sent
    from when the second waits.
    """
    is_marked = threading.Event()
    second: list[UUID] = []

    def travel(delivery: Delivery) -> None:
        if delivery.payload["name"] == "first":
            delivery.mark()
            is_marked.set()
            while not relay.doubt.waiting:
                threading.Event().wait(0.001)
            journeys.clear()
            meanwhile(second[0])
        else:
            assert is_marked.wait(10)
            second.append(delivery.id)
            delivery.mark()
            delivery.check()

    destination.before = travel
    with counted_journeys() as journeys:
        promise(relay, "first", "second", inline=True)
    return [list(journey) for journey in journeys]


def is_mark(statement: Statement) -> bool:
    return statement.startswith("UPDATE outbox SET marked_at")


def is_outcome(statement: Statement) -> bool:
    return "DELETE FROM outbox" in statement


def somebody(addresses: Addresses) -> "psycopg.Connection[Any]":
    connection: psycopg.Connection[Any] = psycopg.connect(addresses.owner, autocommit=True)
    connection.execute("SELECT set_config('app.spans', 'test', false)")
    return connection


@pytest.mark.usefixtures("patient")
def test_whoever_writes_an_outcome_marks_the_next_with_it(
    relay: Relay, destination: Destination, database: Database
) -> None:
    journeys = two_in_a_row(relay, destination)

    (marking,) = [journey for journey in journeys if any(map(is_mark, journey))]
    assert any(map(is_outcome, marking))
    assert destination.taken == ["first", "second"]
    assert [row.ending for row in rows(database, "outbox_closed")] == ["done", "done"]


@pytest.mark.usefixtures("patient")
def test_a_row_that_somebody_has_locked_is_not_waited_for(
    relay: Relay, destination: Destination, outbox_addresses: Addresses
) -> None:
    """The heartbeat locks many rows one by one: to wait for it with an outcome in hand would be a deadlock."""
    locked = threading.Event()

    def hold(row_id: UUID) -> None:
        with somebody(outbox_addresses) as other, other.transaction():
            other.execute("SELECT FROM outbox WHERE id = %s FOR UPDATE", [row_id])
            locked.set()
            while other.execute("SELECT count(*) FROM outbox").fetchone() != (1,):
                threading.Event().wait(0.001)

    def lock(row_id: UUID) -> None:
        threading.Thread(target=hold, args=[row_id]).start()
        assert locked.wait(10)

    journeys = two_in_a_row(relay, destination, meanwhile=lock)

    assert destination.taken == ["first", "second"]
    assert len([journey for journey in journeys if any(map(is_outcome, journey))]) == 2
    assert len([journey for journey in journeys if any(map(is_mark, journey))]) == 2  # in vain, and by itself


@pytest.mark.usefixtures("patient")
def test_whose_lease_is_lost_is_not_marked_by_another_either(
    relay: Relay, destination: Destination, database: Database, outbox_addresses: Addresses
) -> None:
    def lose(row_id: UUID) -> None:
        with somebody(outbox_addresses) as other:
            other.execute("UPDATE outbox SET leased_by = gen_random_uuid() WHERE id = %s", [row_id])

    two_in_a_row(relay, destination, meanwhile=lose)

    assert destination.taken == ["first"]
    assert [row.marked_at for row in rows(database)] == [None]


@pytest.mark.usefixtures("patient")
def test_a_bad_end_marks_the_next_as_well(relay: Relay, destination: Destination, database: Database) -> None:
    def fail(_: UUID) -> None:
        raise Unreachable("no_answer")

    journeys = two_in_a_row(relay, destination, meanwhile=fail)

    assert len([journey for journey in journeys if any(map(is_mark, journey))]) == 1
    assert destination.taken == ["second"]
    assert [row.last_reason for row in rows(database)] == ["no_answer"]


@pytest.mark.usefixtures("patient")
def test_nobody_is_left_waiting_when_a_row_left_twice() -> None:
    """A row whose lease was lost and that this process has taken on again has two threads."""
    doubt, first, second = OneInDoubt(), uuid4(), uuid4()
    doubt.enter(first)
    answers: list[bool] = []
    other = threading.Thread(target=lambda: answers.append(doubt.enter(second)), daemon=True)
    other.start()
    while not doubt.waiting:
        threading.Event().wait(0.001)

    following = doubt.following(first)
    doubt.leave(first)
    doubt.leave(first, following, is_marked=True)
    other.join(5)

    assert answers == [True]
    assert doubt.enter(first) is False


def test_one_delivery_at_a_time_is_in_doubt(relay: Relay, destination: Destination) -> None:
    inside: list[int] = []
    peaks: list[int] = []

    def linger(delivery: Delivery) -> None:
        delivery.mark()
        inside.append(1)
        peaks.append(len(inside))
        threading.Event().wait(0.02)
        inside.pop()

    destination.before = linger
    promise(relay, *"abcd", inline=True)

    assert sorted(destination.taken) == list("abcd")
    assert max(peaks) == 1


def test_a_destination_that_takes_its_time_does_not_hold_up_the_others(relay: Relay, destination: Destination) -> None:
    gate = threading.Event()

    def linger(delivery: Delivery) -> None:
        delivery.mark()
        delivery.check()
        if delivery.payload["name"] == "slow":
            gate.wait(10)

    destination.before = linger
    with relay.database.begin(across("test")) as session:
        names = ("slow", "a", "b")
        handover = relay.promise(
            session, *(Promise(kind="parcel", payload={"name": name}, tenant="oslo") for name in names)
        )
    relay.deliver_now(handover, wait_seconds=3)
    before = sorted(destination.taken)
    gate.set()
    relay.close()

    assert before == ["a", "b"]
    assert "slow" in destination.taken
