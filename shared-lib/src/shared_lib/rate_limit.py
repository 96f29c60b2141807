"""Rate limits per principal (or address) and per organisation, by the generic cell rate algorithm (GCRA).

The limits are in memory and per process: N web processes admit N times as many requests, which still keeps one client
from displacing all others.
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
    """Requests per minute; 0 is no limit. Clients without a token are counted by address instead of by principal."""

    per_principal: int = 0
    per_organisation: int = 0
    trusted_proxies: int = 0
    """How many of our proxies add an address to X-Forwarded-For; addresses before theirs are not trusted."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "RateLimits":
        """The limits of a service's settings. Raises BadSetting."""
        return cls(
            per_principal=settings.whole("RATE_LIMIT_PRINCIPAL", 1_200),
            per_organisation=settings.whole("RATE_LIMIT_ORGANISATION", 12_000),
            trusted_proxies=settings.whole("TRUSTED_PROXIES", 0, maximum=10),
        )


class Allowance:
    """A number of requests per minute for each key, which may come all at once; 0 is no limit."""

    def __init__(self, per_minute: int, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._step = WINDOW_SECONDS / per_minute if per_minute else 0.0
        self._monotonic = monotonic
        self._full_at: dict[Key, float] = {}
        """When the whole allowance of a key is free again, by key."""
        self._cleaned_at = monotonic()
        self._lock = threading.Lock()

    def take(self, key: Key) -> int:
        """0 if a request is free, and it is taken; else the seconds until the next one is."""
        if not self._step:
            return 0
        with self._lock:
            now = self._monotonic()
            self._delete_old(now)
            full_at = max(self._full_at.get(key, now), now) + self._step
            missing = full_at - now - WINDOW_SECONDS
            if missing > 1e-6:
                return math.ceil(missing)
            self._full_at[key] = full_at
            return 0

    def __len__(self) -> int:
        return len(self._full_at)

    def _delete_old(self, now: float) -> None:
        if now - self._cleaned_at >= WINDOW_SECONDS:
            self._full_at = {key: moment for key, moment in self._full_at.items() if moment > now}
            self._cleaned_at = now


class Throttle:
    """The rate limits of one process. Threads may share it."""

    def __init__(self, limits: RateLimits, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._clients = Allowance(limits.per_principal, monotonic=monotonic)
        self._organisations = Allowance(limits.per_organisation, monotonic=monotonic)

    def take(self, client: Key, organisation: str | None) -> int:
        """0 if the request may pass, and it is counted; else the whole seconds until the next one may."""
        wait = self._clients.take(client)
        return wait if wait or organisation is None else self._organisations.take(("organisation", organisation))
