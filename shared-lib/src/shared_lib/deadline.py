"""The moment by which whoever asked must have an answer; it holds for the thread that works on it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_moment: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def at(moment: float) -> Iterator[None]:
    """Within the block `left()` counts down to this moment of `time.monotonic()`."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def left() -> float | None:
    """Seconds, negative once the moment has passed; None where nobody waits for an answer."""
    moment = _moment.get()
    return None if moment is None else moment - time.monotonic()
