"""The threads of one destination."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from .circuit_breaker import CircuitBreaker
from .claims import Demand

QUEUE_PER_THREAD = 3


@dataclass(kw_only=True)
class Executor:
    """One destination's own threads and breaker, so that a slow one holds up nobody else.

    Whoever waits for the outcome may queue for a thread, and takes his work back when he stops waiting: it must not
    stand in line behind threads that hang while another process has some to spare.
    """

    name: str
    size: int
    breaker: CircuitBreaker
    kinds: list[str] = field(default_factory=list)
    flying: int = 0
    _pool: ThreadPoolExecutor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def room(self) -> int:
        """How many threads are free."""
        return max(0, self.size - self.flying)

    def has_room(self, *, queueing: bool) -> bool:
        return self.flying < self._most(queueing=queueing)

    def demand(self, *, room: int, expired_only: bool = False) -> Demand:
        """To be handed to whoever claims rows."""
        return Demand(lane=self.name, kinds=self.kinds, room=room, expired_only=expired_only)

    def submit(self, work: Callable[[], object], *, queueing: bool = False) -> "Future[object] | None":
        """Run `work` on a thread of this lane; None when all of them are busy, or the queue is full as well."""
        with self._lock:
            if not self.has_room(queueing=queueing):
                return None
            self.flying += 1
            # Made on first use: threads do not survive the fork of a web worker.
            self._pool = self._pool or ThreadPoolExecutor(self.size, thread_name_prefix=f"lane-{self.name}")
            return self._pool.submit(self._run, work)

    def take_back(self, future: "Future[object]") -> bool:
        """Take work out of the queue; False when a thread has begun it."""
        if not future.cancel():
            return False
        with self._lock:
            self.flying -= 1
        return True

    def _most(self, *, queueing: bool) -> int:
        return self.size * (1 + QUEUE_PER_THREAD) if queueing else self.size

    def _run(self, work: Callable[[], object]) -> object:
        try:
            return work()
        finally:
            with self._lock:
                self.flying -= 1
