"""The time, as something that is handed in."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, aware and in UTC."""


def utc_now() -> datetime:
    return datetime.now(UTC)
