"""A breaker per destination: it never loses anything, it only keeps attempts from being wasted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

FAILURES_TO_OPEN = 3


@dataclass(kw_only=True)
class CircuitBreaker:
    """Opens after three failures in a row; then lets one attempt through per `pause` seconds to find out."""

    pause: float
    monotonic: Callable[[], float] = time.monotonic
    _failures: int = 0
    _probe_at: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES_TO_OPEN

    def admits(self) -> bool:
        """May an attempt begin now? While open, a yes is the one probe of this pause."""
        with self._lock:
            if not self.is_open:
                return True
            if self.monotonic() < self._probe_at:
                return False
            self._probe_at = self.monotonic() + self.pause
            return True

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self.is_open:
                self._probe_at = self.monotonic() + self.pause

    def answered(self) -> bool:
        """The destination is well. True when the breaker was open until now: whoever waits for it can go on.

        A failure between successes does not count: it may lie in that one row, which must not be hastened for ever.
        """
        with self._lock:
            recovered, self._failures = self.is_open, 0
            return recovered
