"""The worker of a relay process, in a thread of the test: wake-ups, heartbeats, an orderly end."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.outbox import Delivery, Dispatcher, OutboxMessage, RetryPolicy, Route, Worker, store
from shared_lib.outbox.store import ClaimRequest

from ..outbox_world import Destination, rows

MAX_WAIT_SECONDS = 10.0


def until(condition: Callable[[], bool]) -> float:
    """Seconds until it holds; fails after ten."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < MAX_WAIT_SECONDS, "it never came true"
        threading.Event().wait(0.01)
    return time.monotonic() - begun


class FaultyDispatcher(Dispatcher):
    """Its first claim fails; `claims` says of each one whether it takes over expired leases."""

    def __init__(self, database: Database, **options: Any) -> None:
        super().__init__(database, **options)
        self.claims: list[bool] = []

    def claim(self, requests: Sequence[ClaimRequest], *, take_over: bool) -> list[Delivery]:
        self.claims.append(take_over)
        if len(self.claims) == 1:
            raise ZeroDivisionError
        return super().claim(requests, take_over=take_over)


def real_relay(database: Database, destination: Destination, *, scale: float = 1.0) -> Dispatcher:
    """On the real clock, because a worker waits in real time."""
    dispatcher = Dispatcher(database, executors={"parcels": 4}, clock=utc_now, retry=RetryPolicy(scale=scale))
    dispatcher.register({"parcel": Route(executor="parcels", deliver=destination.deliver, give_up=destination.give_up)})
    return dispatcher


def is_relay_running(database: Database) -> bool:
    with database.begin(all_tenants("test")) as session:
        return store.count_alive(session, now=utc_now()) > 0


def enqueue(dispatcher: Dispatcher, name: str) -> None:
    with dispatcher.database.begin(all_tenants("test")) as session:
        dispatcher.enqueue(
            session, OutboxMessage(kind="parcel", payload={"name": name}, tenant="oslo", due_at=utc_now())
        )


@pytest.fixture
def running(database: Database) -> Iterator[Callable[..., Worker]]:
    begun: list[tuple[Worker, threading.Thread]] = []

    def start(dispatcher: Dispatcher, **options: float) -> Worker:
        loop = Worker(dispatcher, **options)
        thread = threading.Thread(target=loop.run)
        thread.start()
        begun.append((loop, thread))
        until(lambda: is_relay_running(database))
        return loop

    yield start
    for loop, thread in begun:
        loop.stop()
        thread.join(MAX_WAIT_SECONDS)
        assert not thread.is_alive()


def test_a_new_message_wakes_the_relay_before_its_next_poll(
    database: Database, destination: Destination, running: Callable[..., Worker]
) -> None:
    running(real_relay(database, destination), poll_seconds=60)
    enqueue(real_relay(database, Destination()), "a")

    assert until(lambda: destination.taken == ["a"]) < 5


def test_a_busy_executor_is_refilled_as_soon_as_half_of_it_is_free(
    database: Database,
    destination: Destination,
    running: Callable[..., Worker],
) -> None:
    """Four threads, twelve messages: the claim interval alone would make it minutes."""
    names = [str(number) for number in range(12)]
    for name in names:
        enqueue(real_relay(database, Destination()), name)
    running(real_relay(database, destination), claim_interval=60.0)

    until(lambda: sorted(destination.taken) == sorted(names))


def test_a_full_executor_is_refilled_although_another_one_was_claimed_for_meanwhile(
    database: Database, destination: Destination, running: Callable[..., Worker]
) -> None:
    gate, crates = threading.Event(), Destination()
    destination.before = lambda _: gate.wait(MAX_WAIT_SECONDS) and None
    dispatcher = Dispatcher(database, executors={"parcels": 2, "crates": 2}, clock=utc_now)
    dispatcher.register(
        {
            kind: Route(executor=f"{kind}s", deliver=each.deliver, give_up=each.give_up)
            for kind, each in (("parcel", destination), ("crate", crates))
        }
    )
    with database.begin(all_tenants("test")) as session:
        for number in range(6):
            message = OutboxMessage(kind="parcel", payload={"name": f"p{number}"}, tenant="oslo", due_at=utc_now())
            dispatcher.enqueue(session, message)
    running(dispatcher, poll_seconds=60)
    until(lambda: dispatcher.executors["parcels"].free_slots == 0)
    with database.begin(all_tenants("test")) as session:
        crate = OutboxMessage(kind="crate", payload={"name": "c"}, tenant="oslo", due_at=utc_now())
        dispatcher.enqueue(session, crate)
    until(lambda: crates.taken == ["c"])
    gate.set()

    until(lambda: len(destination.taken) == 6)


def test_after_an_outage_all_messages_are_delivered_soon(
    database: Database, destination: Destination, running: Callable[..., Worker]
) -> None:
    down = threading.Event()
    down.set()

    def refuse(_: object) -> None:
        if down.is_set():
            raise Unreachable("down")

    destination.before = refuse
    maker = real_relay(database, Destination())
    for number in range(12):
        enqueue(maker, f"p{number}")
    loop = running(real_relay(database, destination, scale=0.1))
    until(lambda: loop.dispatcher.executors["parcels"].breaker.is_open)
    down.clear()

    until(lambda: rows(database) == [])
    assert len(destination.taken) == 12


def test_a_stopped_relay_leaves_no_lease_and_no_heartbeat(
    database: Database, destination: Destination, running: Callable[..., Worker]
) -> None:
    loop = running(real_relay(database, destination))
    loop.stop()

    until(lambda: not is_relay_running(database))
    assert [row for row in rows(database) if row.leased_by] == []


def test_a_fault_in_a_poll_does_not_end_the_relay_and_delays_the_taking_over_of_leases(
    database: Database, destination: Destination, running: Callable[..., Worker]
) -> None:
    dispatcher = FaultyDispatcher(database, executors={"parcels": 4}, clock=utc_now, retry=RetryPolicy(scale=0.1))
    dispatcher.register({"parcel": Route(executor="parcels", deliver=destination.deliver, give_up=destination.give_up)})
    enqueue(real_relay(database, Destination()), "a")
    running(dispatcher, poll_seconds=0.2)

    until(lambda: destination.taken == ["a"])
    until(lambda: dispatcher.claims[-1])
    assert dispatcher.claims[:2] == [True, False]
