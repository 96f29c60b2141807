"""What the maker of a promise knows goes with it, and what an attempt at once has to tell comes back."""

from datetime import timedelta

import pytest
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.outbox import Delivered, Delivery, Dispatcher, Enqueued, OutboxMessage, Reschedule
from shared_lib.outbox.dispatcher import KNOWN_FOR

from ..outbox_world import Destination, MovableClock, rows


@pytest.fixture
def seen(destination: Destination) -> list[object]:
    """What each attempt was told by the maker of its promise."""
    known: list[object] = []
    destination.before = lambda delivery: known.append(delivery.known)
    return known


def enqueued_by(dispatcher: Dispatcher, *messages: OutboxMessage) -> Enqueued:
    with dispatcher.database.begin(all_tenants("test")) as session:
        return dispatcher.enqueue(session, *messages)


def a_message(name: str = "box", known: object = None) -> OutboxMessage:
    return OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo", known=known)


def test_an_attempt_at_once_knows_what_its_maker_knew(dispatcher: Dispatcher, seen: list[object]) -> None:
    dispatcher.deliver_now(enqueued_by(dispatcher, a_message(known="an address")), wait_seconds=5)
    assert seen == ["an address"]


def test_later_it_has_to_look_itself(dispatcher: Dispatcher, seen: list[object], clock: MovableClock) -> None:
    enqueued = enqueued_by(dispatcher, a_message(known="an address"))
    clock.now += KNOWN_FOR + timedelta(milliseconds=1)
    dispatcher.deliver_now(enqueued, wait_seconds=5)
    assert seen == [None]


def test_another_attempt_has_to_look_itself(
    dispatcher: Dispatcher, seen: list[object], destination: Destination
) -> None:
    destination.answer = Reschedule(after=timedelta(0))
    dispatcher.deliver_now(enqueued_by(dispatcher, a_message(known="an address")), wait_seconds=5)
    assert dispatcher.run_once() == 1
    assert seen == ["an address", None]


def test_what_is_known_is_not_stored(dispatcher: Dispatcher, database: Database) -> None:
    dispatcher.stopping.set()
    enqueued_by(dispatcher, a_message(known="an address"))
    assert "an address" not in repr(rows(database)) + repr(a_message(known="an address"))


@pytest.mark.parametrize("answer", [Delivered(news="taken"), Reschedule(after=timedelta(hours=1), news="taken")])
def test_who_waits_hears_what_was_written_down(
    dispatcher: Dispatcher, destination: Destination, answer: Delivered | Reschedule
) -> None:
    destination.answer = answer
    one, other = a_message("one"), a_message("other")
    assert dispatcher.deliver_now(enqueued_by(dispatcher, one, other), wait_seconds=5) == {
        one.id: "taken",
        other.id: "taken",
    }


def test_nothing_is_heard_of_what_failed_or_is_not_over(dispatcher: Dispatcher, destination: Destination) -> None:
    destination.answer = Delivered(news="taken")

    def refuse(delivery: Delivery) -> None:
        if delivery.payload["name"] == "refused":
            raise Unreachable("shut")

    destination.before = refuse
    taken, refused = a_message("taken"), a_message("refused")
    assert dispatcher.deliver_now(enqueued_by(dispatcher, refused, taken), wait_seconds=5) == {taken.id: "taken"}
    assert dispatcher.deliver_now(enqueued_by(dispatcher), wait_seconds=5) == {}
