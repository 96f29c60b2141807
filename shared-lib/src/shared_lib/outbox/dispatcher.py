"""Stores outbox messages and delivers them: right after the commit, or later in a relay process."""

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from functools import partial
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
from shared_lib.observability.tracing import current_request_id, request_id_bound

from . import store
from .delivery import Attempt, RetryPolicy
from .executor import Executor
from .leases import EVERY_TENANT, Leases
from .messages import Delivery, Enqueued, OutboxMessage, Route
from .store import ClaimRequest

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 0.3
"""What a request needs after its wait, to read the outcome and to answer."""


class Dispatcher:
    """Delivers the messages in one database, in web processes (`deliver_now`) and in relay processes (`Worker`).

    Messages that it attempts are leased to its process. It holds no database connection while it delivers.
    """

    def __init__(
        self,
        database: Database,
        *,
        executors: Mapping[str, int],
        clock: Clock,
        retry: RetryPolicy | None = None,
        max_waiting: int = 8,
    ) -> None:
        """`executors` says how many threads each destination has; 0 leaves its messages to other processes.

        At most `max_waiting` calls of `deliver_now` wait at a time.
        """
        self.database = database
        self.clock = clock
        self.retry = retry or RetryPolicy()
        self.routes: dict[str, Route] = {}
        self.executors = {
            name: Executor(name, size=size, probe_seconds=self.retry.probe_seconds) for name, size in executors.items()
        }
        self.stopping = threading.Event()
        self.leases = Leases(database, clock=clock, seconds=self.retry.lease_seconds, stopping=self.stopping)
        self._abandoning = threading.Event()
        self._waiting = threading.BoundedSemaphore(max_waiting)

    def register(self, routes: Mapping[str, Route]) -> None:
        """Say how messages of each kind are delivered."""
        for kind, route in routes.items():
            self.routes[kind] = route
            self.executors[route.executor].kinds.append(kind)

    def enqueue(self, session: Session, *messages: OutboxMessage, queueing: bool = False) -> Enqueued:
        """Store messages in the caller's transaction, leased to this process where it can begin at once.

        After the commit give the result to `deliver_now`: until then, or until the leases run out, nobody delivers. A
        caller that will not do that takes `leave_to_relays`. With `queueing` a message is leased as well when its
        delivery has to queue for a thread: for callers that will wait.
        """
        if not messages:
            return Enqueued()
        rows = self._add(session, [(message, self._may_begin(message, queueing=queueing)) for message in messages])
        return Enqueued(deliveries=tuple(self._delivery(row) for row in rows), queueing=queueing)

    def leave_to_relays(self, session: Session, *messages: OutboxMessage) -> None:
        """Store messages in the caller's transaction and wake the relays when it commits."""
        if messages:
            self._add(session, [(message, False) for message in messages])

    def deliver_now(self, enqueued: Enqueued, *, wait_seconds: float) -> None:
        """Begin the deliveries and wait at most this long, less when the deadline is near; the attempts go on.

        It does not wait while `max_waiting` other calls do: they hold the threads of their requests.

        Messages that found no thread are released to the relays. Never raises for what happens to an attempt.
        """
        begun: dict[Future[None], Delivery] = {}
        released = []
        for delivery in enqueued.deliveries:
            future = self.submit(delivery, queueing=enqueued.queueing)
            if future is None:
                released.append(delivery.id)
            else:
                begun[future] = delivery
        left = deadline.left()
        timeout = wait_seconds if left is None else min(wait_seconds, left - ANSWER_SECONDS)
        may_wait = timeout > 0 and self._waiting.acquire(blocking=False)
        try:
            _, unfinished = wait(begun, timeout=timeout if may_wait else 0.0)
        finally:
            if may_wait:
                self._waiting.release()
        if enqueued.queueing:
            released += [begun[future].id for future in unfinished if self._cancel_queued(begun[future], future)]
        if released:
            self.leases.release(released)

    def submit(self, delivery: Delivery, *, queueing: bool = False) -> "Future[None] | None":
        """Attempt a leased message on a thread of its executor; None when that has no capacity."""
        self.leases.add(delivery.id)
        future = self._executor_of(delivery.kind).submit(lambda: self._attempt(delivery), queueing=queueing)
        if future is None:
            self.leases.remove(delivery.id)
        return future

    def run_once(self, *, take_over: bool = True) -> int:
        """Claim what is due and attempt it in this thread, one after the other; returns how many."""
        requests = [executor.claim_request(limit=1000) for executor in self.executors.values()]
        deliveries = self.claim(requests, take_over=take_over)
        for delivery in deliveries:
            self._attempt(delivery)
        return len(deliveries)

    def claim(self, requests: Sequence[ClaimRequest], *, take_over: bool) -> list[Delivery]:
        """Lease due messages to this process, in one statement for all executors. Commits. Raises Unavailable."""
        with self.database.begin(EVERY_TENANT) as session:
            rows = store.claim(
                session,
                requests,
                now=self.clock(),
                owner=self.leases.owner,
                until=self.leases.end(),
                take_over=take_over,
            )
        return [self._delivery(row) for row in rows]

    def cancel(self, session: Session, ids: Sequence[UUID]) -> int:
        """Close messages that no process is attempting now, in the caller's transaction; returns how many."""
        return store.cancel(session, ids, now=self.clock())

    def retry_waiting(self, executor: Executor, *, limit: int | None = None) -> None:
        """Make messages that wait for this destination due now: all, or the `limit` oldest as a probe. Commits."""
        with self.database.begin(EVERY_TENANT) as session:
            store.retry_waiting(session, executor.name, now=self.clock(), limit=limit)

    def close(self, *, timeout: float = 20.0) -> None:
        """Begin nothing more, wait at most `timeout` seconds for what is under way, then release the rest."""
        self.stopping.set()
        close_until = time.monotonic() + timeout
        while self.leases.attempted and time.monotonic() < close_until:
            time.sleep(0.05)
        self._abandoning.set()
        if left := self.leases.attempted:
            self.leases.release(left)

    def _add(self, session: Session, messages: Sequence[tuple[OutboxMessage, bool]]) -> Sequence[Row[Any]]:
        return store.add(
            session,
            [(_with_trace(message), may_begin) for message, may_begin in messages],
            now=self.clock(),
            owner=self.leases.owner,
            until=self.leases.end(),
            request_id=current_request_id(),
        )

    def _may_begin(self, message: OutboxMessage, *, queueing: bool) -> bool:
        executor = self._executor_of(message.kind)
        is_ready = message.due_at is None and not self.stopping.is_set() and executor.has_capacity(queueing=queueing)
        return is_ready and executor.breaker.allows_attempt()

    def _executor_of(self, kind: str) -> Executor:
        return self.executors[self.routes[kind].executor]

    def _cancel_queued(self, delivery: Delivery, future: "Future[None]") -> bool:
        if not self._executor_of(delivery.kind).cancel(future):
            return False
        self.leases.remove(delivery.id)
        return True

    def _attempt(self, delivery: Delivery) -> None:
        """Never raises."""
        executor = self._executor_of(delivery.kind)
        try:
            with (
                request_id_bound(delivery.request_id),
                tracing.attempting(delivery.kind, delivery.payload, id=str(delivery.id), attempt=delivery.attempt),
            ):
                recovered = Attempt(
                    leases=self.leases,
                    retry=self.retry,
                    abandoning=self._abandoning,
                    breaker=executor.breaker,
                    route=self.routes[delivery.kind],
                    delivery=delivery,
                ).run()
            if recovered:
                self.retry_waiting(executor)
        except Unavailable as error:
            log.warning("outbox.database_unavailable", outbox_id=str(delivery.id), reason=error.reason)
        except Exception:
            # An unforeseen fault of one message must neither end this process nor delay other messages. Nothing is
            # stored: the lease runs out, a mark stays in force, and after a few crashes the message is dead.
            log.exception("outbox.attempt_crashed", outbox_id=str(delivery.id), kind=delivery.kind)
        finally:
            self.leases.remove(delivery.id)

    def _delivery(self, row: Row[Any]) -> Delivery:
        return Delivery(
            **{name: getattr(row, name) for name in store.OF_DELIVERY},
            attempt=row.attempts,
            mark_in_flight=partial(self.leases.mark_in_flight, row.id),
            check_lease=partial(self.leases.check, row.id),
        )


def _with_trace(message: OutboxMessage) -> OutboxMessage:
    payload = tracing.carried(message.payload)
    return message if payload is message.payload else replace(message, payload=payload)
