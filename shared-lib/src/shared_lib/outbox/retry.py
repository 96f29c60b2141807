"""When to try again."""

import random
from collections.abc import Callable
from dataclasses import dataclass

DELAYS = (5.0, 15.0, 45.0, 120.0, 300.0, 600.0)
"""Seconds after the first, second, … attempt; the last for all that follow (DESIGN section 3)."""

LEASE_SECONDS = 30.0
SHORTEST_LEASE_SECONDS = 3.0
PROBE_SECONDS = 5.0
DEADLY_STARTS = 4
"""A row that ended this many workers without an outcome is dead."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """`scale` shortens delays, leases and pauses alike, for tests and drills; a lease is never under 3 s."""

    scale: float = 1.0
    spread: Callable[[], float] = lambda: random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret

    @property
    def lease(self) -> float:
        return max(SHORTEST_LEASE_SECONDS, LEASE_SECONDS * self.scale)

    @property
    def probe_pause(self) -> float:
        return PROBE_SECONDS * self.scale

    def delay(self, attempt: int, *, at_least: float | None = None) -> float:
        """Seconds until the attempt after `attempt` (from 1); never sooner than the destination asked for."""
        base = DELAYS[min(max(attempt, 1), len(DELAYS)) - 1]
        return max(base * self.spread() * self.scale, at_least or 0.0)
