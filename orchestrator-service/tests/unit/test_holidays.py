"""Public holidays and days off."""

from datetime import date

import holidays
import pytest
from orchestrator_service.domain.holidays import NORWAY, is_day_off, public_holidays


def test_the_public_holidays_are_those_of_norway() -> None:
    for year in range(2000, 2101):
        expected = {day for day in holidays.country_holidays("NO", years=year) if day.weekday() != 6}
        assert {day for day in public_holidays(year) if day.weekday() != 6} == expected, year


@pytest.mark.parametrize(
    ("day", "is_off"),
    [
        (date(2026, 8, 3), True),
        (date(2027, 8, 3), False),
        (date(2026, 8, 4), True),
        (date(2027, 8, 4), True),
        (date(2026, 5, 1), False),
    ],
)
def test_days_off_are_of_one_year_or_of_all(day: date, is_off: bool) -> None:
    assert is_day_off(day, holidays=None, extra={"2026-08-03", "08-04"}) is is_off


def test_easter_moves_and_is_off() -> None:
    assert is_day_off(date(2026, 4, 6), holidays=NORWAY, extra=())
    assert not is_day_off(date(2026, 4, 7), holidays=NORWAY, extra=())
