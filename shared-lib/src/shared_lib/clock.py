"""The current time, as an argument: tests pass a clock of their own."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current moment, aware and in UTC."""


def utc_now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)
