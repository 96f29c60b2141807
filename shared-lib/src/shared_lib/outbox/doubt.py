"""How many deliveries of a process may be in doubt at once."""

import threading
from uuid import UUID

PATIENCE_SECONDS = 0.15


class OneInDoubt:
    """Lets deliveries pass one at a time from their mark to the written outcome.

    Whoever is stopped there, by a freeze or a kill, leaves a delivery behind that may have happened: it is made once
    more, and given up as unknown when that is stopped there, too. One at a time, it is one. A destination that takes
    its time must not hold up the others, though: whoever has waited for a while passes as well.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: UUID | None = None

    def enter(self, row_id: UUID) -> None:
        if self._lock.acquire(timeout=PATIENCE_SECONDS):
            self._holder = row_id

    def leave(self, row_id: UUID) -> None:
        """Harmless for one that never entered."""
        if self._holder == row_id:
            self._holder = None
            self._lock.release()
