"""At most one delivery of a process is between its mark and its outcome, and none waits long for another."""

import threading

from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Delivery, Dispatcher, OutboxMessage

from ..outbox_world import Destination, enqueue


def test_one_delivery_at_a_time_is_in_flight(dispatcher: Dispatcher, destination: Destination) -> None:
    inside: list[int] = []
    peaks: list[int] = []

    def linger(delivery: Delivery) -> None:
        delivery.mark_in_flight()
        inside.append(1)
        peaks.append(len(inside))
        threading.Event().wait(0.02)
        inside.pop()

    destination.before = linger
    enqueue(dispatcher, *"abcd", inline=True)

    assert sorted(destination.taken) == list("abcd")
    assert max(peaks) == 1


def test_a_slow_destination_does_not_delay_the_others(dispatcher: Dispatcher, destination: Destination) -> None:
    gate = threading.Event()

    def linger(delivery: Delivery) -> None:
        delivery.mark_in_flight()
        delivery.check_lease()
        if delivery.payload["name"] == "slow":
            gate.wait(10)

    destination.before = linger
    with dispatcher.database.begin(all_tenants("test")) as session:
        names = ("slow", "a", "b")
        enqueued = dispatcher.enqueue(
            session, *(OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo") for name in names)
        )
    dispatcher.deliver_now(enqueued, wait_seconds=3)
    before = sorted(destination.taken)
    gate.set()
    dispatcher.close()

    assert before == ["a", "b"]
    assert "slow" in destination.taken


def test_a_failed_delivery_releases_the_gate(dispatcher: Dispatcher, destination: Destination) -> None:
    def fail_once(delivery: Delivery) -> None:
        delivery.mark_in_flight()
        if delivery.payload["name"] == "a":
            raise RuntimeError("not foreseen")

    destination.before = fail_once
    enqueue(dispatcher, *"abc", inline=True)

    assert sorted(destination.taken) == ["b", "c"]
