"""Norway's public holidays, and the days off that an organisation adds."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import lru_cache

NORWAY = "NO"
"""The one calendar of public holidays that is known."""

_FIXED = ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))
_DAYS_FROM_EASTER = (-3, -2, 0, 1, 39, 49, 50)
"""Maundy Thursday, Good Friday, Easter Sunday and Monday, Ascension, Whit Sunday and Monday."""


def is_day_off(day: date, *, holidays: str | None, extra: Collection[str]) -> bool:
    """Whether it is a public holiday (`holidays` is NORWAY or None), or one of `extra`: `MM-DD` or `YYYY-MM-DD`."""
    if holidays == NORWAY and day in public_holidays(day.year):
        return True
    return day.isoformat() in extra or f"{day:%m-%d}" in extra


def days_off(first: date, *, days: int, holidays: str | None, extra: Collection[str]) -> Iterator[date]:
    """Those of so many days that are off."""
    for day in (first + timedelta(days=number) for number in range(days)):
        if is_day_off(day, holidays=holidays, extra=extra):
            yield day


@lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """Norway's public holidays of a year."""
    easter = easter_sunday(year)
    moving = (easter + timedelta(days=days) for days in _DAYS_FROM_EASTER)
    return frozenset([*moving, *(date(year, month, day) for month, day in _FIXED)])


def easter_sunday(year: int) -> date:
    """By the Gregorian calendar: the first Sunday after the full moon on or after 21 March.

    The anonymous algorithm of 1876.
    """
    golden, century, of_century = year % 19, year // 100, year % 100
    leap_centuries, rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap_centuries - correction + 15) % 30
    sunday = (32 + 2 * rest + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)
