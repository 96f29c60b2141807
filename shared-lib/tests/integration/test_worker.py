"""The relay process's loop, in a thread of the test: wake-ups, presence, an orderly end."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher, OutboxMessage, RetryPolicy, Route, Worker, is_relay_running

from ..outbox_world import Destination, rows

PATIENCE = 10.0


def until(condition: Callable[[], bool]) -> float:
    """Seconds until it holds; fails after ten."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < PATIENCE, "it never came true"
        threading.Event().wait(0.01)
    return time.monotonic() - begun


def real_relay(database: Database, destination: Destination, *, scale: float = 1.0) -> Dispatcher:
    """On the real clock: a loop waits for real."""
    dispatcher = Dispatcher(database, executors={"parcels": 4}, clock=utc_now, retry=RetryPolicy(scale=scale))
    dispatcher.register({"parcel": Route(executor="parcels", deliver=destination.deliver, give_up=destination.give_up)})
    return dispatcher


def promise(dispatcher: Dispatcher, name: str) -> None:
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
        until(lambda: is_relay_running(database, utc_now))
        return loop

    yield start
    for loop, thread in begun:
        loop.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_promise_wakes_the_relay_long_before_it_would_have_looked(
    database: Database, destination: Destination, running: Callable[..., Worker]
) -> None:
    running(real_relay(database, destination), poll_seconds=60)
    promise(real_relay(database, Destination()), "a")

    assert until(lambda: destination.taken == ["a"]) < 5


def test_a_crowded_lane_is_filled_as_soon_as_half_of_it_is_free(
    database: Database,
    destination: Destination,
    running: Callable[..., Worker],
) -> None:
    """Four threads, twelve promises: with the least time between two claims it would be minutes."""
    names = [str(number) for number in range(12)]
    for name in names:
        promise(real_relay(database, Destination()), name)
    running(real_relay(database, destination), claim_interval=60.0)

    until(lambda: sorted(destination.taken) == sorted(names))


def test_after_an_outage_everything_goes_soon(
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
        promise(maker, f"p{number}")
    loop = running(real_relay(database, destination, scale=0.1))
    until(lambda: loop.dispatcher.executors["parcels"].breaker.is_open)
    down.clear()

    until(lambda: rows(database) == [])
    assert len(destination.taken) == 12


def test_stopped_in_order_it_leaves_no_lease_and_no_presence(
    database: Database, destination: Destination, running: Callable[..., Worker]
) -> None:
    loop = running(real_relay(database, destination))
    loop.stop()

    until(lambda: not is_relay_running(database, utc_now))
    assert [row for row in rows(database) if row.leased_by] == []
