"""Keeping promises: inline right after the commit that made them, or later from a relay process."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.orm import Session

from shared_lib import deadline
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.errors import Unavailable
from shared_lib.observability import tracing
from shared_lib.observability.request_id import current_request_id, request_id_bound

from . import claims, metrics, store
from .circuit_breaker import CircuitBreaker
from .claims import Demand
from .delivery import Attempt
from .executor import Executor
from .handover import Enqueued
from .in_flight_gate import InFlightGate
from .leases import EVERY_TENANT, Leases
from .messages import Delivery, OutboxMessage, Route
from .retry import RetryPolicy

log = structlog.get_logger(__name__)

READING_SECONDS = 0.3
"""What a request needs after its wait, to read and answer what has become of its promises."""

KNOWN_FOR = timedelta(seconds=0.25)
"""How long after a promise an attempt may rely on what its maker knew: somebody may be erased, an address corrected."""


class Dispatcher:
    """Keeps the promises in one database. Used by web processes (inline) and relay processes (`RelayLoop`) alike.

    Rows it works on are leased to it (`Leases`). It holds no database connection while it delivers.
    """

    def __init__(
        self, database: Database, *, executors: Mapping[str, int], clock: Clock, retry: RetryPolicy | None = None
    ) -> None:
        self.database = database
        self.clock = clock
        self.retry = retry or RetryPolicy()
        self.routes: dict[str, Route] = {}
        self.executors = {
            name: Executor(name=name, size=size, breaker=CircuitBreaker(pause=self.retry.probe_pause))
            for name, size in executors.items()
        }
        self.in_flight = InFlightGate()
        self.stopping = threading.Event()
        self.abandoning = threading.Event()
        self.leases = Leases(database, clock=clock, seconds=self.retry.lease, stopping=self.stopping)
        self.on_finished: Callable[[], None] = lambda: None

    def serve(self, routes: Mapping[str, Route]) -> None:
        """Say what is done for each kind of promise."""
        for kind, route in routes.items():
            self.routes[kind] = route
            self.executors[route.executor].kinds.append(kind)

    def enqueue(self, session: Session, *promises: OutboxMessage, queueing: bool = False) -> Enqueued:
        """Store promises in the caller's transaction, leased to this process where it could begin at once.

        After the commit give the answer to `deliver_now`; if that never happens, the lease runs out and a relay
        does it. With `queueing` they are leased as well where they would have to queue for a thread: for callers
        who will wait there.
        """
        if not promises:
            return Enqueued()
        now = self.clock()
        carrying = [_carrying_trace(promise) for promise in promises]
        stored = store.add(
            session,
            [(promise, self._could_begin(promise, queueing=queueing)) for promise in carrying],
            now=now,
            owner=self.leases.owner,
            until=self.leases.end(),
            request_id=current_request_id(),
        )
        deliveries = tuple(self._first_delivery(promise, now) for promise in carrying)
        return Enqueued(promised=deliveries, stored=stored, queueing=queueing)

    def _could_begin(self, promise: OutboxMessage, *, queueing: bool) -> bool:
        lane = self._lane_of(promise)
        ready = promise.due_at is None and not self.stopping.is_set() and lane.has_room(queueing=queueing)
        return ready and lane.breaker.admits()

    def deliver_now(self, enqueued: Enqueued, *, wait_seconds: float) -> Mapping[UUID, object]:
        """Begin what was handed over and wait this long at most, less at the deadline; the attempts themselves go on.

        Answers what they had to tell (`Done.news`) of what has ended well by then. What has found no thread is given
        back to the relays. Never raises for what happens to the attempts.
        """
        begun: dict[Future[object], Delivery] = {}
        turned_away = []
        for delivery in enqueued.deliveries:
            future = self.begin(delivery, queueing=enqueued.queueing)
            if future is None:
                turned_away.append(delivery.id)
            else:
                begun[future] = delivery
        left = deadline.left()
        ended, open_ones = wait(
            begun, timeout=max(0.0, wait_seconds if left is None else min(wait_seconds, left - READING_SECONDS))
        )
        if enqueued.queueing:
            turned_away += [begun[future].id for future in open_ones if self._taken_back(begun[future], future)]
        if turned_away:
            self.leases.give_back(turned_away)
        return {begun[future].id: news for future in ended if (news := future.result()) is not None}

    def begin(self, delivery: Delivery, *, queueing: bool = False) -> "Future[object] | None":
        """Attempt on a thread of the right lane; None when all of them are busy (and the queue for them is full)."""
        self.leases.take(delivery.id)
        future = self._lane_of(delivery).submit(lambda: self._attempt(delivery), queueing=queueing)
        if future is None:
            self.leases.drop(delivery.id)
        return future

    def _taken_back(self, delivery: Delivery, future: "Future[object]") -> bool:
        if not self._lane_of(delivery).take_back(future):
            return False
        self.leases.drop(delivery.id)
        return True

    def _lane_of(self, promised: Delivery | OutboxMessage) -> Executor:
        return self.executors[self.routes[promised.kind].executor]

    def run_once(self, *, take_over: bool = True) -> int:
        """Claim what is due and attempt it here and now, one after the other; answers how many."""
        deliveries = self.claim([lane.demand(room=1000) for lane in self.executors.values()], take_over=take_over)
        for delivery in deliveries:
            self._attempt(delivery)
        return len(deliveries)

    def claim(self, demands: Sequence[Demand], *, take_over: bool) -> list[Delivery]:
        """Lease due rows to this process, in one statement however many lanes there are."""
        with self.database.begin(EVERY_TENANT) as session:
            claimed = claims.claim(
                session,
                demands,
                now=self.clock(),
                owner=self.leases.owner,
                until=self.leases.end(),
                take_over=take_over,
            )
        return [self._delivery(row) for row in claimed.rows]

    def cancel(self, session: Session, ids: Sequence[UUID]) -> int:
        """Take back promises that nobody is keeping just now; answers how many."""
        return store.cancel(session, ids, now=self.clock())

    def hasten(self, lane: Executor, *, limit: int | None = None) -> None:
        """Let rows that wait for this destination go now (one of them, to find out, with `limit`)."""
        with self.database.begin(EVERY_TENANT) as session:
            if store.hasten(session, lane.name, now=self.clock(), limit=limit):
                store.wake(session)

    def close(self, *, patience: float = 20.0) -> None:
        """Stop beginning, wait for what is under way (seconds), give back what was not begun."""
        self.stopping.set()
        deadline = time.monotonic() + patience
        while self.leases.taken and time.monotonic() < deadline:
            time.sleep(0.05)
        self.abandoning.set()
        if left := self.leases.taken:
            self.leases.give_back(left)

    def _attempt(self, delivery: Delivery) -> object:
        """Answers what the outcome has to tell, None when it is no good one."""
        lane = self._lane_of(delivery)
        if self.clock() - delivery.created_at > KNOWN_FOR:
            delivery = replace(delivery, known=None)
        try:
            with (
                request_id_bound(delivery.request_id),
                tracing.attempting(delivery.kind, delivery.payload, id=str(delivery.id), attempt=delivery.attempt),
            ):
                ran = Attempt(self, lane.breaker, self.routes[delivery.kind], delivery).run()
            if ran.recovered:
                self.hasten(lane)
            return ran.news
        except Unavailable as error:
            log.warning("outbox.database_unavailable", outbox_id=str(delivery.id), reason=error.reason)
        except Exception:
            # A row nobody foresaw must neither end this process nor hold up the others. Nothing is written: its lease
            # runs out, a mark stays in force, and after a few such starts it is dead.
            log.exception("outbox.attempt_crashed", outbox_id=str(delivery.id), kind=delivery.kind)
        finally:
            metrics.BREAKER_OPEN.labels(lane.name).set(lane.breaker.is_open)
            self.in_flight.release(delivery.id)
            self.leases.drop(delivery.id)
            self.on_finished()
        return None

    def _mark(self, row_id: UUID) -> None:
        self.in_flight.acquire(row_id)
        self.leases.mark(row_id)

    def _first_delivery(self, promise: OutboxMessage, now: datetime) -> Delivery:
        return Delivery(
            id=promise.id,
            kind=promise.kind,
            payload=promise.payload,
            tenant=promise.tenant,
            attempt=1,
            starts=1,
            ambiguous=0,
            created_at=now,
            expires_at=promise.expires_at,
            ordering_key=promise.ordering_key,
            request_id=current_request_id(),
            mark_in_flight=lambda: self._mark(promise.id),
            check_lease=lambda: self.leases.expect(promise.id),
            known=promise.known,
        )

    def _delivery(self, row: Row[Any]) -> Delivery:
        return Delivery(
            id=row.id,
            kind=row.kind,
            payload=row.payload,
            tenant=row.tenant,
            attempt=row.attempts,
            starts=row.starts,
            ambiguous=row.ambiguous,
            created_at=row.created_at,
            expires_at=row.expires_at,
            ordering_key=row.ordering_key,
            request_id=row.request_id,
            mark_in_flight=lambda: self._mark(row.id),
            check_lease=lambda: self.leases.expect(row.id),
        )


def _carrying_trace(promise: OutboxMessage) -> OutboxMessage:
    payload = tracing.carried(promise.payload)
    return promise if payload is promise.payload else replace(promise, payload=payload)
