"""What the maker of a promise knows goes with it, and what an attempt at once has to tell comes back."""

from datetime import timedelta

import pytest
from shared_lib.database import Database
from shared_lib.errors import Unreachable
from shared_lib.outbox import Again, Delivery, Done, Handover, Promise, Relay
from shared_lib.outbox.relay import KNOWN_FOR
from shared_lib.tenancy import across

from ..outbox_world import Destination, MovableClock, rows


@pytest.fixture
def seen(destination: Destination) -> list[object]:
    """What each attempt was told by the maker of its promise."""
    known: list[object] = []
    destination.before = lambda delivery: known.append(delivery.known)
    return known


def promised(relay: Relay, *promises: Promise) -> Handover:
    with relay.database.begin(across("test")) as session:
        return relay.promise(session, *promises)


def a_promise(name: str = "box", known: object = None) -> Promise:
    return Promise(kind="parcel", payload={"name": name}, tenant="oslo", known=known)


def test_an_attempt_at_once_knows_what_its_maker_knew(relay: Relay, seen: list[object]) -> None:
    relay.deliver_now(promised(relay, a_promise(known="an address")), wait_seconds=5)
    assert seen == ["an address"]


def test_later_it_has_to_look_itself(relay: Relay, seen: list[object], clock: MovableClock) -> None:
    handover = promised(relay, a_promise(known="an address"))
    clock.now += KNOWN_FOR + timedelta(milliseconds=1)
    relay.deliver_now(handover, wait_seconds=5)
    assert seen == [None]


def test_another_attempt_has_to_look_itself(relay: Relay, seen: list[object], destination: Destination) -> None:
    destination.answer = Again(after=timedelta(0))
    relay.deliver_now(promised(relay, a_promise(known="an address")), wait_seconds=5)
    assert relay.run_once() == 1
    assert seen == ["an address", None]


def test_what_is_known_is_not_stored(relay: Relay, database: Database) -> None:
    relay.stopping.set()
    promised(relay, a_promise(known="an address"))
    assert "an address" not in repr(rows(database)) + repr(a_promise(known="an address"))


@pytest.mark.parametrize("answer", [Done(news="taken"), Again(after=timedelta(hours=1), news="taken")])
def test_who_waits_hears_what_was_written_down(relay: Relay, destination: Destination, answer: Done | Again) -> None:
    destination.answer = answer
    one, other = a_promise("one"), a_promise("other")
    assert relay.deliver_now(promised(relay, one, other), wait_seconds=5) == {one.id: "taken", other.id: "taken"}


def test_nothing_is_heard_of_what_failed_or_is_not_over(relay: Relay, destination: Destination) -> None:
    destination.answer = Done(news="taken")

    def refuse(delivery: Delivery) -> None:
        if delivery.payload["name"] == "refused":
            raise Unreachable("shut")

    destination.before = refuse
    taken, refused = a_promise("taken"), a_promise("refused")
    assert relay.deliver_now(promised(relay, refused, taken), wait_seconds=5) == {taken.id: "taken"}
    assert relay.deliver_now(promised(relay), wait_seconds=5) == {}
