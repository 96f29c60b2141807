"""How long a transaction may take: less while the database is in trouble, less for a request that has queued."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from shared_lib import deadline
from shared_lib.errors import Unavailable

TROUBLE_SECONDS = 3.0
"""How long after a time-out the next transactions get the short limits."""

SHORT_LOCK, SHORT_STATEMENT, SHORT_TRANSACTION = 0.5, 1.0, 1.0
MIN_SHORT_TRANSACTION = 0.25
MIN_TRANSACTION = 2.0
"""A transaction gets this much however long its request has queued, as long as the database is not in trouble."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """In seconds; `whole` counts from now on and is 0 for no limit."""

    lock: float
    statement: float
    whole: float


class AdaptiveTimeouts:
    """The time-outs of one process with one database. Safe to share between threads."""

    def __init__(
        self, *, lock: float, statement: float, whole: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """The usual limits, in seconds; `whole` is 0 for no limit."""
        self._usual = Timeouts(lock=lock, statement=statement, whole=whole)
        self._monotonic = monotonic
        self._trouble_until = float("-inf")

    def record_trouble(self) -> None:
        """A transaction took too long: those that queue behind it must not wait for one time-out after the other.

        Trouble does not prolong itself: on a machine that is only busy, short limits would cause time-outs for ever.
        """
        now = self._monotonic()
        if now >= self._trouble_until:
            self._trouble_until = now + TROUBLE_SECONDS

    def limits(self) -> Timeouts | None:
        """The limits of a transaction that begins now; None for the usual ones.

        Raises Unavailable when the database is in trouble and the time of the request is over.
        """
        left = deadline.left()
        if self._monotonic() < self._trouble_until:
            if left is not None and left <= 0:
                raise Unavailable("database_in_trouble")
            whole = (
                min(SHORT_TRANSACTION, self._whole(left, minimum=MIN_SHORT_TRANSACTION)) if self._usual.whole else 0.0
            )
            return Timeouts(lock=min(SHORT_LOCK, whole or SHORT_LOCK), statement=SHORT_STATEMENT, whole=whole)
        whole = self._whole(left, minimum=MIN_TRANSACTION)
        if whole >= self._usual.whole:
            return None
        return Timeouts(lock=min(self._usual.lock, whole), statement=min(self._usual.statement, whole), whole=whole)

    def _whole(self, left: float | None, *, minimum: float) -> float:
        return self._usual.whole if left is None else min(self._usual.whole, max(minimum, left))
