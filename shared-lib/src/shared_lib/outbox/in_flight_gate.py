"""At most one delivery of a process at a time between its mark and its written outcome."""

import threading
from uuid import UUID

MAX_WAIT_SECONDS = 0.15


class InFlightGate:
    """Safe to share between threads.

    A process that is killed or frozen leaves each marked message ambiguous: it is sent once more, or given up as
    unknown. With this gate a process leaves one such message instead of one for each of its threads. A slow
    destination must not delay the others: after 0.15 s a delivery passes although another one is in flight.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holder: UUID | None = None
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """The number of deliveries that wait."""
        return self._waiting

    def acquire(self, message_id: UUID) -> None:
        """Wait until no other delivery is in flight, at most 0.15 s. Acquiring twice is harmless."""
        with self._changed:
            self._waiting += 1
            is_free = self._changed.wait_for(lambda: self._holder in (None, message_id), timeout=MAX_WAIT_SECONDS)
            self._waiting -= 1
            if is_free:
                self._holder = message_id

    def release(self, message_id: UUID) -> None:
        """Let the next delivery in; does nothing when this message does not hold the gate."""
        with self._changed:
            if self._holder == message_id:
                self._holder = None
                self._changed.notify()
