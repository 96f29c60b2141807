"""A bulkhead: the threads of one destination."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from .circuit_breaker import CircuitBreaker
from .store import ClaimRequest

QUEUE_PER_THREAD = 3


@dataclass(kw_only=True)
class Executor:
    """Threads and circuit breaker of one destination, so that a slow destination does not delay another.

    A caller that waits for the outcome may queue for a thread. It takes the work back when it stops waiting: the work
    must not wait for threads that hang while another process has free ones.
    """

    name: str
    size: int
    breaker: CircuitBreaker
    kinds: list[str] = field(default_factory=list)
    in_flight: int = 0
    """How much work is running or queued."""
    _pool: ThreadPoolExecutor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def free_slots(self) -> int:
        """How many threads are free."""
        return max(0, self.size - self.in_flight)

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
        with self._lock:
            self.in_flight -= 1
        return True

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._lock:
                self.in_flight -= 1
