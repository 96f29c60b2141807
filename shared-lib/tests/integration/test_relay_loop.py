"""The relay process's loop, in a thread of the test: wake-ups, presence, an orderly end."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from shared_lib.clock import utc_now
from shared_lib.database import Database
from shared_lib.errors import Unreachable
from shared_lib.outbox import Promise, Relay, RelayLoop, RetryPolicy, Route, is_relay_running
from shared_lib.tenancy import across

from ..outbox_world import Destination, rows

PATIENCE = 10.0


def until(condition: Callable[[], bool]) -> float:
    """Seconds until it holds; fails after ten."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < PATIENCE, "it never came true"
        threading.Event().wait(0.01)
    return time.monotonic() - begun


def real_relay(database: Database, destination: Destination, *, scale: float = 1.0) -> Relay:
    """On the real clock: a loop waits for real."""
    relay = Relay(database, lanes={"parcels": 4}, clock=utc_now, retry=RetryPolicy(scale=scale))
    relay.serve({"parcel": Route(lane="parcels", deliver=destination.deliver, give_up=destination.give_up)})
    return relay


def promise(relay: Relay, name: str) -> None:
    with relay.database.begin(across("test")) as session:
        relay.promise(session, Promise(kind="parcel", payload={"name": name}, tenant="oslo", due_at=utc_now()))


@pytest.fixture
def running(database: Database) -> Iterator[Callable[..., RelayLoop]]:
    begun: list[tuple[RelayLoop, threading.Thread]] = []

    def start(relay: Relay, **options: float) -> RelayLoop:
        loop = RelayLoop(relay, **options)
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
    database: Database, destination: Destination, running: Callable[..., RelayLoop]
) -> None:
    running(real_relay(database, destination), poll_seconds=60)
    promise(real_relay(database, Destination()), "a")

    assert until(lambda: destination.taken == ["a"]) < 5


def test_a_crowded_lane_is_filled_as_soon_as_half_of_it_is_free(
    database: Database,
    destination: Destination,
    running: Callable[..., RelayLoop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four threads, twelve promises: with the least time between two claims it would be minutes."""
    monkeypatch.setattr("shared_lib.outbox.loop.GATHER_SECONDS", 60.0)
    names = [str(number) for number in range(12)]
    for name in names:
        promise(real_relay(database, Destination()), name)
    running(real_relay(database, destination))

    until(lambda: sorted(destination.taken) == sorted(names))


def test_after_an_outage_everything_goes_soon(
    database: Database, destination: Destination, running: Callable[..., RelayLoop]
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
    until(lambda: loop.relay.lanes["parcels"].breaker.is_open)
    down.clear()

    until(lambda: rows(database) == [])
    assert len(destination.taken) == 12


def test_stopped_in_order_it_leaves_no_lease_and_no_presence(
    database: Database, destination: Destination, running: Callable[..., RelayLoop]
) -> None:
    loop = running(real_relay(database, destination))
    loop.stop()

    until(lambda: not is_relay_running(database, utc_now))
    assert [row for row in rows(database) if row.leased_by] == []
