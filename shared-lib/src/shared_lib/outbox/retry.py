"""When a message is attempted again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

DELAYS = (5.0, 15.0, 45.0, 120.0, 300.0, 600.0)
"""Seconds after the first, second, … attempt; the last one counts for all that follow."""

LEASE_SECONDS = 30.0
MIN_LEASE_SECONDS = 3.0
PROBE_SECONDS = 5.0
MAX_CRASHES = 4
"""A message that this many attempts did not survive is dead."""
MAX_AMBIGUOUS = 1
"""An ambiguous delivery is made once more, never twice: at most one extra copy."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """`scale` shortens delays, leases and probes alike, for tests and drills; a lease is never under 3 s."""

    scale: float = 1.0
    jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret

    @property
    def lease_seconds(self) -> float:
        return max(MIN_LEASE_SECONDS, LEASE_SECONDS * self.scale)

    @property
    def probe_seconds(self) -> float:
        return PROBE_SECONDS * self.scale

    def delay(self, attempt: int, *, at_least: float | None = None) -> float:
        """Seconds until the attempt after `attempt` (from 1); never less than the destination asked for."""
        base = DELAYS[min(max(attempt, 1), len(DELAYS)) - 1]
        return max(base * self.jitter() * self.scale, at_least or 0.0)
