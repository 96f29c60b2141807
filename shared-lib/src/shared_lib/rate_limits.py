"""How often one caller, and one organisation, may ask: an allowance each that refills steadily.

In memory and per process: N web processes let N times as much through, which is enough to keep one client from taking
the place of all others. The `limits` library would start a thread every ten milliseconds of traffic for the same.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .config import Settings

WINDOW_SECONDS = 60.0
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Requests a minute; 0 does not limit. Whoever has no token is counted by address, like a caller."""

    per_caller: int = 0
    per_organisation: int = 0
    trusted_proxies: int = 0
    """How many proxies of ours stand in front, each adding to X-Forwarded-For. Anything before them is hearsay."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "RateLimits":
        """Raises BadSetting."""
        return cls(
            per_caller=settings.whole("RATE_LIMIT_CALLER", 1_200),
            per_organisation=settings.whole("RATE_LIMIT_ORGANISATION", 12_000),
            trusted_proxies=settings.whole("TRUSTED_PROXIES", 0, most=10),
        )


class Allowance:
    """So many a minute for each key, all of them at once if need be (the generic cell rate algorithm, GCRA)."""

    def __init__(self, per_minute: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._step = WINDOW_SECONDS / per_minute
        self._monotonic = monotonic
        self._full_at: dict[Key, float] = {}
        """When the key's allowance is whole again; a key whose moment has passed need not be remembered."""
        self._swept_at = monotonic()
        self._lock = threading.Lock()

    def take(self, key: Key) -> int:
        """0 and one less to take; or, where nothing is left, the whole seconds until there is."""
        with self._lock:
            now = self._monotonic()
            self._sweep(now)
            full_at = max(self._full_at.get(key, now), now) + self._step
            missing = full_at - now - WINDOW_SECONDS
            if missing > 1e-6:
                return math.ceil(missing)
            self._full_at[key] = full_at
            return 0

    def __len__(self) -> int:
        return len(self._full_at)

    def _sweep(self, now: float) -> None:
        if now - self._swept_at >= WINDOW_SECONDS:
            self._full_at = {key: moment for key, moment in self._full_at.items() if moment > now}
            self._swept_at = now


class Throttle:
    """The limits at work in one process."""

    def __init__(self, limits: RateLimits, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._callers = _allowance(limits.per_caller, monotonic)
        self._organisations = _allowance(limits.per_organisation, monotonic)

    def take(self, caller: Key, organisation: str | None) -> int:
        """0 if this request may pass; else after how many whole seconds the next one may."""
        wait = self._callers.take(caller) if self._callers is not None else 0
        if wait or organisation is None or self._organisations is None:
            return wait
        return self._organisations.take(("organisation", organisation))


def _allowance(per_minute: int, monotonic: Callable[[], float]) -> Allowance | None:
    return Allowance(per_minute, monotonic=monotonic) if per_minute else None
