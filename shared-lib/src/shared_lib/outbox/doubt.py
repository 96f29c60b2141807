"""How many deliveries of a process may be in doubt at once."""

import threading
from collections import deque
from dataclasses import dataclass, field
from uuid import UUID

PATIENCE_SECONDS = 0.15


@dataclass(eq=False)
class Waiting:
    """A delivery that is ready to be marked, and waits for the one before it."""

    row_id: UUID
    over: threading.Event = field(default_factory=threading.Event)
    is_marked: bool = False


class OneInDoubt:
    """Lets deliveries pass one at a time from their mark to the written outcome.

    Whoever is stopped there, by a freeze or a kill, leaves a delivery behind that may have happened: it is made once
    more, and given up as unknown when that is stopped there, too. One at a time, it is one. A destination that takes
    its time must not hold up the others, though: whoever has waited for a while passes as well.

    The transaction that writes an outcome may mark the next delivery (`following`): to commit twice for each would hold
    up all that wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: UUID | None = None
        self._queue: deque[Waiting] = deque()

    @property
    def waiting(self) -> int:
        """How many are waiting for their turn."""
        return len(self._queue)

    def enter(self, row_id: UUID) -> bool:
        """Wait until it is this row's turn, or long enough; answers whether the row has been marked by then."""
        with self._lock:
            if self._holder in (None, row_id):
                self._holder = row_id
                return False
            waiting = Waiting(row_id)
            self._queue.append(waiting)
        if not waiting.over.wait(PATIENCE_SECONDS):
            with self._lock:
                if waiting in self._queue:
                    self._queue.remove(waiting)
                    return False
            waiting.over.wait()  # it is being marked, or has just been let in
        return waiting.is_marked

    def following(self, row_id: UUID) -> Waiting | None:
        """Who comes after this row, if it is its turn. From then on that one waits for `leave` or `send_away`."""
        with self._lock:
            return self._queue.popleft() if self._holder == row_id and self._queue else None

    def leave(self, row_id: UUID, following: Waiting | None = None, *, is_marked: bool = False) -> None:
        """End the turn of this row and let the next in. If it is not its turn, `following` passes beside it."""
        with self._lock:
            if self._holder == row_id:
                if following is None and self._queue:
                    following = self._queue.popleft()
                self._holder = following.row_id if following is not None else None
        if following is not None:
            following.is_marked = is_marked
            following.over.set()

    @staticmethod
    def send_away(following: Waiting) -> None:
        """Let it pass beside the turn: what should have marked it has failed, and may go on failing for long."""
        following.over.set()
