"""Work that queues for a thread of its lane, and is taken back when nobody waits for it any more."""

import threading
from collections.abc import Iterator

import pytest
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Delivery, Dispatcher, Enqueued, OutboxMessage

from ..outbox_world import Destination, MovableClock, a_relay, rows


@pytest.fixture
def gate(destination: Destination) -> Iterator[threading.Event]:
    """While it is closed, what is called "slow" stays where it is."""
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
    """With one thread, which has ended when the database goes."""
    dispatcher = a_relay(database, destination, clock, room=1)
    yield dispatcher
    gate.set()
    dispatcher.close()


def promised(dispatcher: Dispatcher, *names: str, queueing: bool) -> Enqueued:
    with dispatcher.database.begin(all_tenants("test")) as session:
        promises = [OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo") for name in names]
        return dispatcher.enqueue(session, *promises, queueing=queueing)


def free(dispatcher: Dispatcher) -> list[str]:
    """What any relay could take now."""
    return [row.payload["name"] for row in rows(dispatcher.database) if row.leased_by is None]


def test_who_waits_gets_a_thread_when_one_comes_free(narrow: Dispatcher, destination: Destination) -> None:
    enqueued = promised(narrow, "a", "b", "c", queueing=True)
    narrow.deliver_now(enqueued, wait_seconds=10)

    assert destination.taken == ["a", "b", "c"]
    assert rows(narrow.database) == []


def test_what_found_no_thread_in_time_is_given_back(
    narrow: Dispatcher, destination: Destination, gate: threading.Event
) -> None:
    narrow.deliver_now(promised(narrow, "slow", "b", queueing=True), wait_seconds=0.1)

    assert free(narrow) == ["b"]
    assert [row.crash_count for row in rows(narrow.database) if row.leased_by is None] == [0]
    gate.set()
    narrow.close()
    assert destination.taken == ["slow"]


def test_what_was_taken_back_leaves_its_place_to_others(narrow: Dispatcher, gate: threading.Event) -> None:
    for _ in range(3):
        narrow.deliver_now(promised(narrow, "slow", "b", "c", queueing=True), wait_seconds=0.05)
    gate.set()
    narrow.close()

    assert narrow.executors["parcels"].in_flight == 0


def test_who_does_not_wait_does_not_queue(narrow: Dispatcher, gate: threading.Event) -> None:
    narrow.deliver_now(promised(narrow, "slow", queueing=False), wait_seconds=0)
    enqueued = promised(narrow, "b", queueing=False)

    assert enqueued.deliveries == ()
    assert free(narrow) == ["b"]
    gate.set()


def test_the_queue_has_an_end(narrow: Dispatcher, gate: threading.Event) -> None:
    narrow.deliver_now(promised(narrow, "slow", queueing=False), wait_seconds=0)
    enqueued = promised(narrow, "b", "c", "d", "e", queueing=True)

    assert [narrow.submit(each, queueing=True) is not None for each in enqueued.deliveries] == [True, True, True, False]
    gate.set()
