"""Keeping promises: inline right after the commit that made them, or later from a relay process."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Row
from sqlalchemy.orm import Session

from shared_lib import deadline, tracing
from shared_lib.clock import Clock
from shared_lib.database import Database
from shared_lib.errors import Unavailable
from shared_lib.request_id import current_request_id, request_id_bound
from shared_lib.tenancy import across

from . import metrics, rows
from .attempt import Attempt
from .breaker import Breaker
from .doubt import Doubt
from .lane import Lane
from .model import Delivery, LeaseLost, Promise, Route
from .retry import RetryPolicy
from .rows import Demand

log = structlog.get_logger(__name__)

READING_SECONDS = 0.3
"""What a request needs after its wait, to read and answer what has become of its promises."""

EVERY_TENANT = across("relay")
"""For claiming and keeping leases; what an attempt reads and writes stays within the tenant of its row."""


@dataclass(frozen=True, kw_only=True)
class Handover:
    """What a transaction has promised and this process may begin at once, or where `queueing` soon."""

    deliveries: tuple[Delivery, ...]
    queueing: bool = False


class Relay:
    """Keeps the promises in one database. Used by web processes (inline) and relay processes (`RelayLoop`) alike.

    Rows it works on are leased to it; `beat` keeps the leases. It holds no database connection while it delivers.
    """

    def __init__(
        self, database: Database, *, lanes: Mapping[str, int], clock: Clock, retry: RetryPolicy | None = None
    ) -> None:
        self.database = database
        self.clock = clock
        self.retry = retry or RetryPolicy()
        self._identity = (os.getpid(), uuid4())
        self.routes: dict[str, Route] = {}
        self.lanes = {
            name: Lane(name=name, size=size, breaker=Breaker(pause=self.retry.probe_pause))
            for name, size in lanes.items()
        }
        self._holding: dict[UUID, Delivery] = {}
        self._held_until: dict[UUID, datetime] = {}
        self._doubt = Doubt()
        self._held = threading.Lock()
        self._heart: threading.Thread | None = None
        self.stopping = threading.Event()
        self.abandoning = threading.Event()
        self.on_finished: Callable[[], None] = lambda: None

    @property
    def owner(self) -> UUID:
        """Whose leases these are: this process's own, also when it was forked after the relay was made."""
        if self._identity[0] != os.getpid():
            self._identity = (os.getpid(), uuid4())
        return self._identity[1]

    def serve(self, routes: Mapping[str, Route]) -> None:
        """Say what is done for each kind of promise."""
        for kind, route in routes.items():
            self.routes[kind] = route
            self.lanes[route.lane].kinds.append(kind)

    def promise(self, session: Session, *promises: Promise, queueing: bool = False) -> Handover:
        """Store promises in the caller's transaction, leased to this process where it could begin at once.

        After the commit give the answer to `deliver_now`; if that never happens, the lease runs out and a relay
        does it. With `queueing` they are leased as well where they would have to queue for a thread: for callers
        who will wait there.
        """
        if not promises:
            return Handover(deliveries=())
        now, until = self.clock(), self._lease_end()
        promises = tuple(replace(promise, payload=tracing.carried(promise.payload)) for promise in promises)
        begin = [self._could_begin(promise, queueing=queueing) for promise in promises]
        led = rows.add(
            session, promises, begin=begin, now=now, owner=self.owner, until=until, request_id=current_request_id()
        )
        begun = tuple(self._first_delivery(each, now) for each in promises if each.id in led)
        return Handover(deliveries=begun, queueing=queueing)

    def _could_begin(self, promise: Promise, *, queueing: bool) -> bool:
        lane = self._lane_of(promise)
        ready = promise.due_at is None and not self.stopping.is_set() and lane.has_room(queueing=queueing)
        return ready and lane.breaker.admits()

    def deliver_now(self, handover: Handover, *, wait_seconds: float) -> None:
        """Begin what was handed over and wait this long at most, less at the deadline; the attempts themselves go on.

        What has found no thread by then is given back to the relays. Never raises for what happens to the attempts.
        """
        begun: dict[Future[None], Delivery] = {}
        turned_away = []
        for delivery in handover.deliveries:
            future = self.begin(delivery, queueing=handover.queueing)
            if future is None:
                turned_away.append(delivery.id)
            else:
                begun[future] = delivery
        left = deadline.left()
        _, open_ones = wait(
            begun, timeout=max(0.0, wait_seconds if left is None else min(wait_seconds, left - READING_SECONDS))
        )
        if handover.queueing:
            turned_away += [begun[future].id for future in open_ones if self._taken_back(begun[future], future)]
        if turned_away:
            self._give_back(turned_away)

    def begin(self, delivery: Delivery, *, queueing: bool = False) -> "Future[None] | None":
        """Attempt on a thread of the right lane; None when all of them are busy (and the queue for them is full)."""
        with self._held:
            self._holding[delivery.id] = delivery
        self._ensure_heart()
        future = self._lane_of(delivery).submit(lambda: self._attempt(delivery), queueing=queueing)
        if future is None:
            self._let_go(delivery.id)
        return future

    def _taken_back(self, delivery: Delivery, future: "Future[None]") -> bool:
        if not self._lane_of(delivery).take_back(future):
            return False
        self._let_go(delivery.id)
        return True

    def _lane_of(self, promised: Delivery | Promise) -> Lane:
        return self.lanes[self.routes[promised.kind].lane]

    def run_once(self, *, take_over: bool = True) -> int:
        """Claim what is due and attempt it here and now, one after the other; answers how many."""
        deliveries = self.claim([lane.demand(room=1000) for lane in self.lanes.values()], take_over=take_over)
        for delivery in deliveries:
            self._attempt(delivery)
        return len(deliveries)

    def claim(self, demands: Sequence[Demand], *, take_over: bool) -> list[Delivery]:
        """Lease due rows to this process, in one statement however many lanes there are."""
        with self.database.begin(EVERY_TENANT) as session:
            claimed = rows.claim(
                session,
                demands,
                now=self.clock(),
                owner=self.owner,
                until=self._lease_end(),
                take_over=take_over,
            )
        return [self._delivery(row) for row in claimed]

    def cancel(self, session: Session, ids: Sequence[UUID]) -> int:
        """Take back promises that nobody is keeping just now; answers how many."""
        return rows.cancel(session, ids, now=self.clock())

    def hasten(self, lane: Lane, *, limit: int | None = None) -> None:
        """Let rows that wait for this destination go now (one of them, to find out, with `limit`)."""
        with self.database.begin(EVERY_TENANT) as session:
            if rows.hasten(session, lane.name, now=self.clock(), limit=limit):
                rows.wake(session)

    def beat(self) -> None:
        """Extend the leases of all that is being attempted."""
        with self._held:
            ids = list(self._holding)
        if ids:
            until = self._lease_end()
            with self.database.begin(EVERY_TENANT) as session:
                held = rows.extend(session, ids, owner=self.owner, until=until)
            self._hold(held, until)

    def close(self, *, patience: float = 20.0) -> None:
        """Stop beginning, wait for what is under way (seconds), give back what was not begun."""
        self.stopping.set()
        deadline = time.monotonic() + patience
        while self._holding and time.monotonic() < deadline:
            time.sleep(0.05)
        self.abandoning.set()
        with self._held:
            left = list(self._holding)
        if left:
            self._give_back(left)

    def _attempt(self, delivery: Delivery) -> None:
        lane = self._lane_of(delivery)
        try:
            with (
                request_id_bound(delivery.request_id),
                tracing.attempting(delivery.kind, delivery.payload, id=str(delivery.id), attempt=delivery.attempt),
            ):
                recovered = Attempt(self, lane.breaker, self.routes[delivery.kind], delivery).run()
            if recovered:
                self.hasten(lane)
        except Unavailable as error:
            log.warning("outbox.database_unavailable", outbox_id=str(delivery.id), reason=error.reason)
        except Exception:
            # A row nobody foresaw must neither end this process nor hold up the others. Nothing is written: its lease
            # runs out, a mark stays in force, and after a few such starts it is dead.
            log.exception("outbox.attempt_crashed", outbox_id=str(delivery.id), kind=delivery.kind)
        finally:
            metrics.BREAKER_OPEN.labels(lane.name).set(lane.breaker.is_open)
            self._doubt.over(delivery.id)
            self._let_go(delivery.id)
            self.on_finished()

    def _let_go(self, row_id: UUID) -> None:
        with self._held:
            self._holding.pop(row_id, None)
            self._held_until.pop(row_id, None)

    def _give_back(self, ids: Iterable[UUID]) -> None:
        try:
            with self.database.begin(EVERY_TENANT) as session:
                rows.release(session, list(ids), owner=self.owner)
        except Unavailable as error:  # then the leases run out by themselves
            log.warning("outbox.release_failed", reason=error.reason)

    def _lease_end(self) -> datetime:
        return self.clock() + timedelta(seconds=self.retry.lease)

    def _mark(self, row_id: UUID) -> None:
        self._doubt.before_mark(row_id)
        now, until = self.clock(), self._lease_end()
        with self.database.begin(EVERY_TENANT) as session:
            ours = rows.mark(session, row_id, owner=self.owner, now=now, until=until)
        if not ours:
            raise LeaseLost(str(row_id))
        self._hold([row_id], until)

    def _hold(self, ids: Iterable[UUID], until: datetime) -> None:
        with self._held:
            self._held_until.update(dict.fromkeys(ids, until))

    def _check(self, row_id: UUID) -> None:
        self._expect_lease(row_id)
        self._doubt.before_last_byte(row_id)
        self._expect_lease(row_id)  # waiting takes time, too

    def _expect_lease(self, row_id: UUID) -> None:
        with self._held:
            until = self._held_until.get(row_id)
        if until is None or self.clock() >= until:
            raise LeaseLost(str(row_id))

    def _first_delivery(self, promise: Promise, now: datetime) -> Delivery:
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
            mark=lambda: self._mark(promise.id),
            check=lambda: self._check(promise.id),
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
            mark=lambda: self._mark(row.id),
            check=lambda: self._check(row.id),
        )

    def _ensure_heart(self) -> None:
        with self._held:
            if self._heart is None or not self._heart.is_alive():
                self._heart = threading.Thread(target=self._keep_leases, name="outbox-heart", daemon=True)
                self._heart.start()

    def _keep_leases(self) -> None:
        while not self.stopping.wait(self.retry.lease / 3) or self._holding:
            try:
                self.beat()
            except Unavailable as error:
                log.warning("outbox.heartbeat_failed", reason=error.reason)
            if self.stopping.is_set():
                time.sleep(0.5)
