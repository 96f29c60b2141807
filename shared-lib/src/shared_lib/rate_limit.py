"""Rate limits per principal (or address) and per organisation, by the generic cell rate algorithm (GCRA).

In memory and per process: N web processes admit N times as many requests, which still keeps one client from displacing
all others. The `limits` library would start a thread every ten milliseconds of traffic for the same.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from shared_lib.config import Settings

WINDOW_SECONDS = 60.0
Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """Requests a minute; 0 does not limit. Clients without a token are counted by address instead of by principal."""

    per_caller: int = 0
    per_organisation: int = 0
    trusted_proxies: int = 0
    """How many of our proxies add to X-Forwarded-For; addresses that were there before them are not trusted."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "RateLimits":
        """Raises BadSetting."""
        return cls(
            per_caller=settings.whole("RATE_LIMIT_CALLER", 1_200),
            per_organisation=settings.whole("RATE_LIMIT_ORGANISATION", 12_000),
            trusted_proxies=settings.whole("TRUSTED_PROXIES", 0, maximum=10),
        )


class Allowance:
    """So many requests a minute for each key, also all at once."""

    def __init__(self, per_minute: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._step = WINDOW_SECONDS / per_minute
        self._monotonic = monotonic
        self._full_at: dict[Key, float] = {}
        """When the whole allowance of a key is free again; keys whose moment has passed are forgotten."""
        self._cleaned_at = monotonic()
        self._lock = threading.Lock()

    def take(self, key: Key) -> int:
        """Take one request: 0, or the seconds until the next one is free when none is left."""
        with self._lock:
            now = self._monotonic()
            self._forget_old(now)
            full_at = max(self._full_at.get(key, now), now) + self._step
            missing = full_at - now - WINDOW_SECONDS
            if missing > 1e-6:
                return math.ceil(missing)
            self._full_at[key] = full_at
            return 0

    def __len__(self) -> int:
        return len(self._full_at)

    def _forget_old(self, now: float) -> None:
        if now - self._cleaned_at >= WINDOW_SECONDS:
            self._full_at = {key: moment for key, moment in self._full_at.items() if moment > now}
            self._cleaned_at = now


class Throttle:
    """The limits of one process."""

    def __init__(self, limits: RateLimits, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clients = _allowance(limits.per_caller, monotonic)
        self._organisations = _allowance(limits.per_organisation, monotonic)

    def take(self, client: Key, organisation: str | None) -> int:
        """0 if this request may pass; else after how many whole seconds the next one may."""
        wait = self._clients.take(client) if self._clients is not None else 0
        if wait or organisation is None or self._organisations is None:
            return wait
        return self._organisations.take(("organisation", organisation))


def _allowance(per_minute: int, monotonic: Callable[[], float]) -> Allowance | None:
    return Allowance(per_minute, monotonic=monotonic) if per_minute else None
