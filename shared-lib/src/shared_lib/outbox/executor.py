"""A bulkhead with a circuit breaker: the threads of one destination."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from . import metrics
from .store import ClaimRequest

FAILURES_TO_OPEN = 3
QUEUE_PER_THREAD = 3


class CircuitBreaker:
    """Opens after three failures in a row; then it lets one attempt pass every `probe_seconds`: it only postpones."""

    def __init__(self, name: str, *, probe_seconds: float) -> None:
        self._probe_seconds = probe_seconds
        self._failures = 0
        self._probe_at = 0.0
        self._lock = threading.Lock()
        self._shown = metrics.CIRCUIT_BREAKER_OPEN.labels(name)

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES_TO_OPEN

    def allows_attempt(self) -> bool:
        """Whether an attempt may begin now. While the breaker is open, True is given once every `probe_seconds`."""
        with self._lock:
            return not self.is_open or self._is_probe()

    def record_failure(self) -> None:
        """The destination did not answer."""
        with self._lock:
            self._failures += 1
            if self.is_open:
                self._probe_at = time.monotonic() + self._probe_seconds
                self._shown.set(1)

    def record_success(self) -> bool:
        """The destination answered. True when the breaker was open until now: messages that wait can be delivered.

        False after a single failure, whose cause may be that one message: it must not be retried early for ever.
        """
        with self._lock:
            was_open, self._failures = self.is_open, 0
            if was_open:
                self._shown.set(0)
            return was_open

    def _is_probe(self) -> bool:
        now = time.monotonic()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._probe_seconds
        return True


class Executor:
    """Threads of one destination, so that a slow one does not delay another.

    A caller that waits for the outcome may queue for a thread. It takes the work back when it stops waiting: the work
    must not wait for threads that hang while another process has free ones.
    """

    def __init__(self, name: str, *, size: int, probe_seconds: float) -> None:
        self.name = name
        self.size = size
        self.breaker = CircuitBreaker(name, probe_seconds=probe_seconds)
        self.kinds: list[str] = []
        self.in_flight = 0
        """How much work is running or queued."""
        self.on_finished: Callable[[], None] = lambda: None
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    @property
    def free_slots(self) -> int:
        """How many threads are free."""
        return max(0, self.size - self.in_flight)

    @property
    def is_half_free(self) -> bool:
        return self.free_slots * 2 >= self.size

    def has_capacity(self, *, queueing: bool) -> bool:
        """Whether a thread is free or, with `queueing`, the queue takes one more."""
        return self.in_flight < (self.size * (1 + QUEUE_PER_THREAD) if queueing else self.size)

    def claim_request(self, *, limit: int, expired_only: bool = False) -> ClaimRequest:
        return ClaimRequest(executor=self.name, kinds=self.kinds, limit=limit, expired_only=expired_only)

    def submit(self, work: Callable[[], None], *, queueing: bool = False) -> "Future[None] | None":
        """Run `work` on a thread; None when there is no capacity."""
        with self._lock:
            if not self.has_capacity(queueing=queueing):
                return None
            self.in_flight += 1
            # Created on first use: threads do not survive the fork of a web worker.
            self._pool = self._pool or ThreadPoolExecutor(self.size, thread_name_prefix=f"executor-{self.name}")
            return self._pool.submit(self._run, work)

    def cancel(self, future: "Future[None]") -> bool:
        """Remove work from the queue; False when a thread has begun it."""
        if not future.cancel():
            return False
        self._leave()
        return True

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._leave()
            self.on_finished()

    def _leave(self) -> None:
        with self._lock:
            self.in_flight -= 1
