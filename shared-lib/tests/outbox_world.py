"""An outbox on a real database and a destination whose behaviour a test scripts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Delivered, Delivery, Dispatcher, FinalState, OutboxMessage, Reschedule, RetryPolicy, Route
from sqlalchemy import text


@dataclass
class MovableClock:
    """Time that a test moves."""

    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Destination:
    """Accepts what is delivered, after `before`, which a test sets."""

    taken: list[str] = field(default_factory=list)
    given_up: list[tuple[str, FinalState, str]] = field(default_factory=list)
    before: Callable[[Delivery], None] = lambda _: None
    answer: Delivered | Reschedule = field(default_factory=Delivered)

    def deliver(self, delivery: Delivery) -> Delivered | Reschedule:
        self.before(delivery)
        self.taken.append(delivery.payload["name"])
        return self.answer

    def give_up(self, _: Any, delivery: Delivery, final_state: FinalState, reason: str) -> None:
        self.given_up.append((delivery.payload["name"], final_state, reason))


def a_relay(database: Database, destination: Destination, clock: MovableClock, *, threads: int = 4) -> Dispatcher:
    """The dispatcher of one process; two of them are two processes."""
    dispatcher = Dispatcher(
        database, executors={"parcels": threads}, clock=clock, retry=RetryPolicy(jitter=lambda: 1.0)
    )
    dispatcher.register({"parcel": Route(executor="parcels", deliver=destination.deliver, give_up=destination.give_up)})
    return dispatcher


def rows(database: Database, table: str = "outbox") -> list[Any]:
    with database.begin(all_tenants("test")) as session:
        return list(session.execute(text(f"SELECT * FROM {table} ORDER BY seq")).all())  # noqa: S608


def started_long_ago(database: Database, clock: MovableClock) -> None:
    """Move past the time after the start of the server in which no lease is taken over."""
    with database.begin(all_tenants("test")) as session:
        started: datetime = session.scalar(text("SELECT pg_postmaster_start_time()"))
    clock.now = max(clock.now, started + timedelta(hours=1))


def enqueue(dispatcher: Dispatcher, *names: str, inline: bool = False, **options: Any) -> None:
    """Store messages; with `inline` this process attempts them at once, else they wait for a relay."""
    due_at = None if inline else dispatcher.clock()
    with dispatcher.database.begin(all_tenants("test")) as session:
        messages = [
            OutboxMessage(kind="parcel", payload={"name": name}, **{"tenant": "oslo", "due_at": due_at, **options})
            for name in names
        ]
        enqueued = dispatcher.enqueue(session, *messages)
    dispatcher.deliver_now(enqueued, wait_seconds=5)
