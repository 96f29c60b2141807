"""Deliveries that queue for a thread, and are cancelled when their caller no longer waits."""

import threading
from collections.abc import Iterator

import pytest
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Delivery, Dispatcher, Enqueued, OutboxMessage

from ..outbox_world import Destination, MovableClock, a_relay, rows


@pytest.fixture
def gate(destination: Destination) -> Iterator[threading.Event]:
    """While it is closed, the delivery of "slow" hangs."""
    opened = threading.Event()

    def hang(delivery: Delivery) -> None:
        if delivery.payload["name"] == "slow":
            assert opened.wait(10)

    destination.before = hang
    yield opened
    opened.set()


@pytest.fixture
def narrow(
    database: Database, destination: Destination, clock: MovableClock, gate: threading.Event
) -> Iterator[Dispatcher]:
    """A dispatcher with one thread, which has ended when the database is closed."""
    dispatcher = a_relay(database, destination, clock, threads=1)
    yield dispatcher
    gate.set()
    dispatcher.close()


def enqueued_by(dispatcher: Dispatcher, *names: str, queueing: bool) -> Enqueued:
    with dispatcher.database.begin(all_tenants("test")) as session:
        messages = [OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo") for name in names]
        return dispatcher.enqueue(session, *messages, queueing=queueing)


def free(dispatcher: Dispatcher) -> list[str]:
    """The messages that any relay could claim now."""
    return [row.payload["name"] for row in rows(dispatcher.database) if row.leased_by is None]


def test_a_waiting_caller_gets_a_thread_when_one_is_free(narrow: Dispatcher, destination: Destination) -> None:
    enqueued = enqueued_by(narrow, "a", "b", "c", queueing=True)
    narrow.deliver_now(enqueued, wait_seconds=10)

    assert destination.taken == ["a", "b", "c"]
    assert rows(narrow.database) == []


def test_a_message_that_found_no_thread_in_time_is_released(
    narrow: Dispatcher, destination: Destination, gate: threading.Event
) -> None:
    narrow.deliver_now(enqueued_by(narrow, "slow", "b", queueing=True), wait_seconds=0.1)

    assert free(narrow) == ["b"]
    assert [row.crash_count for row in rows(narrow.database) if row.leased_by is None] == [0]
    gate.set()
    narrow.close()
    assert destination.taken == ["slow"]


def test_cancelled_work_leaves_its_place_in_the_queue(narrow: Dispatcher, gate: threading.Event) -> None:
    for _ in range(3):
        narrow.deliver_now(enqueued_by(narrow, "slow", "b", "c", queueing=True), wait_seconds=0.05)
    gate.set()
    narrow.close()

    assert narrow.executors["parcels"].in_flight == 0


def test_a_caller_that_does_not_wait_does_not_queue(narrow: Dispatcher, gate: threading.Event) -> None:
    narrow.deliver_now(enqueued_by(narrow, "slow", queueing=False), wait_seconds=0)
    enqueued = enqueued_by(narrow, "b", queueing=False)

    assert enqueued.deliveries == ()
    assert free(narrow) == ["b"]
    gate.set()


def test_the_queue_is_bounded(narrow: Dispatcher, gate: threading.Event) -> None:
    narrow.deliver_now(enqueued_by(narrow, "slow", queueing=False), wait_seconds=0)
    enqueued = enqueued_by(narrow, "b", "c", "d", "e", queueing=True)

    assert [narrow.submit(each, queueing=True) is not None for each in enqueued.deliveries] == [True, True, True, False]
    gate.set()
