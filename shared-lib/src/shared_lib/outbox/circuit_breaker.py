"""A circuit breaker per destination: it only postpones attempts that would fail."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

FAILURES_TO_OPEN = 3


@dataclass(kw_only=True)
class CircuitBreaker:
    """Opens after three failures in a row; then it lets one attempt pass every `probe_seconds`."""

    probe_seconds: float
    monotonic: Callable[[], float] = time.monotonic
    _failures: int = 0
    _probe_at: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES_TO_OPEN

    def allows_attempt(self) -> bool:
        """Whether an attempt may begin now. While the breaker is open, True is given once every `probe_seconds`."""
        with self._lock:
            if not self.is_open:
                return True
            if self.monotonic() < self._probe_at:
                return False
            self._probe_at = self.monotonic() + self.probe_seconds
            return True

    def record_failure(self) -> None:
        """The destination did not answer."""
        with self._lock:
            self._failures += 1
            if self.is_open:
                self._probe_at = self.monotonic() + self.probe_seconds

    def record_success(self) -> bool:
        """The destination answered. True when the breaker was open until now: messages that wait can be delivered.

        False after a single failure, whose cause may be that one message: it must not be retried early for ever.
        """
        with self._lock:
            was_open, self._failures = self.is_open, 0
            return was_open
