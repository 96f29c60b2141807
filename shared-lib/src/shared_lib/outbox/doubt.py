"""How many deliveries of a process may be in doubt at once."""

import threading
from uuid import UUID

PATIENCE_SECONDS = 0.5


class OneAtATime:
    """A turnstile that a delivery enters and leaves. A destination that takes its time must not hold up the others:
    after half a second of waiting they pass as well.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: UUID | None = None

    def enter(self, row_id: UUID) -> None:
        if self._lock.acquire(timeout=PATIENCE_SECONDS):
            self._holder = row_id

    def leave(self, row_id: UUID) -> None:
        """Harmless for one that never entered, or has left."""
        if self._holder == row_id:
            self._holder = None
            self._lock.release()


class Doubt:
    """Two stretches, one after the other, with one delivery on each: from the mark to the last byte, and from there to
    the written outcome.

    Whoever is stopped on the first, by a freeze or a kill, leaves a delivery behind of which nobody knows that it did
    not happen: it is made once more, and given up as unknown when that is stopped as well. Whoever is stopped on the
    second leaves a double behind.
    """

    def __init__(self) -> None:
        self._marked = OneAtATime()
        self._sent = OneAtATime()

    def before_mark(self, row_id: UUID) -> None:
        self._marked.enter(row_id)

    def before_last_byte(self, row_id: UUID) -> None:
        self._sent.enter(row_id)
        self._marked.leave(row_id)

    def over(self, row_id: UUID) -> None:
        """However it ended, and wherever it was."""
        self._marked.leave(row_id)
        self._sent.leave(row_id)
