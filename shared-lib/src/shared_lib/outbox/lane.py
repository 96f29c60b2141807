"""The threads of one destination."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from .breaker import Breaker


@dataclass(kw_only=True)
class Lane:
    """One destination's own threads and breaker, so that a slow one holds up nobody else."""

    name: str
    size: int
    breaker: Breaker
    kinds: list[str] = field(default_factory=list)
    flying: int = 0
    _pool: ThreadPoolExecutor | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def room(self) -> int:
        return max(0, self.size - self.flying)

    def submit(self, work: Callable[[], None]) -> "Future[None] | None":
        """Run `work` on a thread of this lane; None when all of them are busy."""
        with self._lock:
            if self.flying >= self.size:
                return None
            self.flying += 1
            # Made on first use: threads do not survive the fork of a web worker.
            self._pool = self._pool or ThreadPoolExecutor(self.size, thread_name_prefix=f"lane-{self.name}")
            return self._pool.submit(self._run, work)

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._lock:
                self.flying -= 1
