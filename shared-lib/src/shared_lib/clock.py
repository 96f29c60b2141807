"""The current time, as an argument: tests pass a clock of their own. And times as others write them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_OFFSET = r"[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d"
_MOMENT = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}[Tt]\d{{2}}:\d{{2}}:\d{{2}}(?:\.\d{{1,9}})?(?:{_OFFSET})", re.ASCII)

Clock = Callable[[], datetime]
"""Returns the current moment, aware and in UTC."""


def utc_now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


def moment_of(text: str) -> datetime:
    """The moment, in UTC, that a text in the form of RFC 3339 names. Raises ValueError with a sentence."""
    if not _MOMENT.fullmatch(text):
        raise ValueError("Give a date and time with an offset, such as 2026-03-20T00:00:00Z.")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("There is no such date and time.") from error
    if not EARLIEST <= moment < LATEST:
        raise ValueError("Give a date between 2000 and 2100.")
    return moment
