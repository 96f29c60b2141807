"""The relay process: polls for due messages, is woken by NOTIFY, and ends in order on a signal."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from shared_lib import idempotency
from shared_lib.database.row_level_security import NO_TENANT
from shared_lib.database.schema_revision import does_database_serve, revision_of_code
from shared_lib.errors import Unavailable
from shared_lib.observability import metrics

from . import store
from .dispatcher import Dispatcher
from .executor import Executor
from .leases import EVERY_TENANT
from .store import ClaimRequest

log = structlog.get_logger(__name__)

STUCK_SECONDS = 90.0
"""A worker that began no poll for this long is stuck: three statements may time out in one poll."""

POLL_SECONDS = 1.0
"""The longest delay that a lost NOTIFY can cause."""

CLAIM_INTERVAL_SECONDS = 0.05
"""Between two claims, unless many threads are free."""

PURGE_SECONDS = 3600.0
SCHEMA_SECONDS = 1.0


class Loop(Protocol):
    """What runs in a thread of a relay beside its worker, such as the agenda. No fault ends `run`."""

    def run(self) -> None: ...

    def stop(self) -> None:
        """Ask `run` to end; safe to call from a signal handler."""

    def is_polling(self) -> bool:
        """Whether it works, as far as this process can know."""
        ...


class Worker:
    """Runs one relay until `stop`. Any number of them may run, on any number of machines.

    After a lost database connection it takes over no expired lease for one lease length: its owner may be waiting for
    the database to store that it delivered.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        *,
        poll_seconds: float = POLL_SECONDS,
        claim_interval: float = CLAIM_INTERVAL_SECONDS,
    ) -> None:
        self.dispatcher = dispatcher
        self.poll_seconds = poll_seconds
        self.claim_interval = claim_interval
        self._wake = threading.Event()
        self._take_over_at = 0.0
        self._heartbeat_at = 0.0
        self._claimed_at = float("-inf")
        self._half_free = threading.Event()
        self._saturated: set[Executor] = set()
        """The executors whose last claim found as many messages as it asked for."""
        self._purge_at = time.monotonic() + PURGE_SECONDS
        self._polled_at = float("inf")  # not yet
        self._can_claim = False
        self._executors = {name: each for name, each in dispatcher.executors.items() if each.kinds}
        for executor in self._executors.values():
            executor.on_finished = partial(self._finished, executor)

    def run(self) -> None:
        """Claim and deliver until stopped; then finish what is under way and release the rest.

        No fault in a poll ends it: the fault is logged and the next poll follows.
        """
        listener = threading.Thread(target=self._listen, name="outbox-listener", daemon=True)
        listener.start()
        self._try(self._retry_all_waiting)
        while not self.dispatcher.stopping.is_set():
            self._wake.clear()
            self._polled_at = time.monotonic()
            self._can_claim = self._try(self._poll)
            self._wake.wait(self.poll_seconds)
            self._wait_for_slots()
        self.dispatcher.close()
        with suppress(Unavailable), self.dispatcher.database.begin(NO_TENANT) as session:
            store.remove_heartbeat(session, self.dispatcher.leases.owner)

    def stop(self) -> None:
        """Ask `run` to end; safe to call from a signal handler."""
        self.dispatcher.stopping.set()
        self._wake.set()
        self._half_free.set()

    def is_polling(self) -> bool:
        """Whether a poll began lately. Says nothing about the database or a destination."""
        return time.monotonic() - self._polled_at < STUCK_SECONDS

    def is_ready(self) -> bool:
        """Whether the last poll went well: the schema is there, and the database can be written."""
        return self._can_claim and self.is_polling() and not self.dispatcher.stopping.is_set()

    def _try(self, step: Callable[[], None]) -> bool:
        """Whether it went well."""
        try:
            step()
            return True
        except Unavailable as error:
            self._postpone_take_over(error.reason)
        except Exception:
            log.exception("relay.poll_failed")
            self._postpone_take_over("poll_failed")
        return False

    def _poll(self) -> None:
        self._record_heartbeat()
        self._purge()
        self._deliver_due()

    def _record_heartbeat(self) -> None:
        if time.monotonic() < self._heartbeat_at:
            return
        with self.dispatcher.database.begin(NO_TENANT) as session:
            store.record_heartbeat(session, self.dispatcher.leases.owner, now=self.dispatcher.clock())
        self._heartbeat_at = time.monotonic() + store.HEARTBEAT_SECONDS

    def _purge(self) -> None:
        """Once an hour delete a batch of old idempotency keys and of old closed messages."""
        if time.monotonic() < self._purge_at:
            return
        self._purge_at = time.monotonic() + PURGE_SECONDS
        now = self.dispatcher.clock()
        with self.dispatcher.database.begin(EVERY_TENANT) as session:
            keys = idempotency.purge_batch(session, before=now - idempotency.RETENTION)
            messages = store.purge_batch(session, before=now - store.RETENTION)
        log.info("retention.purged", count=keys + messages)

    def _deliver_due(self) -> None:
        """Begin as many deliveries as threads are free; where a circuit breaker is open, only expired ones and a probe.

        The expired ones are given up without an attempt.
        """
        executors = [executor for executor in self._executors.values() if executor.free_slots]
        self._begin([self._request(executor) for executor in executors])
        for executor in executors:
            if executor.breaker.is_open and executor.free_slots and executor.breaker.allows_attempt():
                self.dispatcher.retry_waiting(executor, limit=1)
                self._begin([executor.claim_request(limit=1)])

    def _request(self, executor: Executor) -> ClaimRequest:
        return executor.claim_request(limit=executor.free_slots, expired_only=executor.breaker.is_open)

    def _begin(self, requests: Sequence[ClaimRequest]) -> None:
        if not requests:
            return
        self._claimed_at = time.monotonic()
        claimed = self.dispatcher.claim(requests, take_over=self._claimed_at >= self._take_over_at)
        found = Counter(delivery.kind for delivery in claimed)
        for request in requests:
            is_saturated = sum(found[kind] for kind in request.kinds) >= request.limit
            (self._saturated.add if is_saturated else self._saturated.discard)(self._executors[request.executor])
        for delivery in claimed:
            if self.dispatcher.submit(delivery) is None:
                log.error("outbox.no_thread_for_claimed", outbox_id=str(delivery.id))

    def _wait_for_slots(self) -> None:
        """Wait for the claim interval, or until half of an executor is free that was filled by the last claim.

        Under load threads become free one by one, and claiming a single message costs more than delivering it. The
        other half works meanwhile.
        """
        self._half_free.clear()
        left = self._claimed_at + self.claim_interval - time.monotonic()
        is_due = self.dispatcher.stopping.is_set() or any(executor.is_half_free for executor in self._saturated)
        if left > 0 and not is_due:
            self._half_free.wait(left)

    def _finished(self, executor: Executor) -> None:
        """Called by the threads of the executor. When the last claim took all there was, nothing needs a poll."""
        if executor in self._saturated:
            self._wake.set()
            if executor.is_half_free:
                self._half_free.set()

    def _postpone_take_over(self, reason: str) -> None:
        lease_seconds = self.dispatcher.retry.lease_seconds
        self._take_over_at = time.monotonic() + lease_seconds
        log.warning("outbox.database_lost", reason=reason, seconds=lease_seconds)

    def _retry_all_waiting(self) -> None:
        """A relay that has just started knows of no outage: it tries everything that waits for a destination."""
        for executor in self.dispatcher.executors.values():
            self.dispatcher.retry_waiting(executor)

    def _listen(self) -> None:
        while not self.dispatcher.stopping.is_set():
            self._try(self._listen_until_lost)
            self.dispatcher.stopping.wait(0.5)

    def _listen_until_lost(self) -> None:
        for is_notified in self.dispatcher.database.listen(store.CHANNEL, timeout=1.0):
            if is_notified:
                self._wake.set()
            if self.dispatcher.stopping.is_set():
                return


def run(dispatcher: Dispatcher, migrations: Path, *, metrics_bind: str | None, loops: Sequence[Loop] = ()) -> int:
    """Deliver, and run the loops, until SIGTERM or SIGINT; then finish what is under way and release the rest.

    Returns exit code 0. It begins once the database serves code of these `migrations`: a relay that is rolled out
    before the migration would crash one attempt after the other. Answers `/metrics`, `/livez` and `/readyz` at
    `metrics_bind` (host:port), if given.
    """
    worker = Worker(dispatcher)
    everything: Sequence[Loop] = (*loops, worker)

    def stop(*_: object) -> None:
        for loop in everything:
            loop.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("relay.started")

    def is_alive() -> bool:
        return all(loop.is_polling() for loop in everything)

    probes = {"/livez": is_alive, "/readyz": worker.is_ready}
    with metrics.serving(metrics_bind, probes) if metrics_bind else nullcontext():
        if _wait_for_schema(dispatcher, revision_of_code(migrations)):
            threads = [threading.Thread(target=loop.run, name=type(loop).__name__) for loop in loops]
            for thread in threads:
                thread.start()
            worker.run()
            for thread in threads:
                thread.join()
    dispatcher.database.close()
    log.info("relay.stopped")
    return 0


def _wait_for_schema(dispatcher: Dispatcher, code: str | None) -> bool:
    """Wait until the schema fits; False when the process is asked to stop first."""
    is_logged = False
    while not dispatcher.stopping.is_set():
        with suppress(Unavailable):
            if does_database_serve(dispatcher.database, code):
                return True
            if not is_logged:
                log.warning("relay.waiting_for_schema", revision=code)
                is_logged = True
        dispatcher.stopping.wait(SCHEMA_SECONDS)
    return False
