"""Working days, hours, and local times where clocks change."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared_lib.working_hours import WorkingHours, instant

START = datetime(2020, 1, 1, tzinfo=UTC)
OFF = {date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 6), date(2026, 12, 24), date(2026, 12, 25), date(2027, 1, 1)}


def hours(time_zone: str = "Europe/Oslo") -> WorkingHours:
    return WorkingHours(
        time_zone=time_zone,
        opens=time(9),
        closes=time(20),
        working_days=frozenset({"mon", "tue", "wed", "thu", "fri"}),
        is_day_off=OFF.__contains__,
    )


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Oslo", date(2026, 1, 5), time(9), "2026-01-05T08:00"),
        ("Europe/Oslo", date(2026, 7, 6), time(9), "2026-07-06T07:00"),
        ("Europe/Oslo", date(2026, 3, 29), time(2, 30), "2026-03-29T01:00"),  # clocks go forward
        ("Europe/Oslo", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),  # and back
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:00"),
        ("Pacific/Apia", date(2011, 12, 30), time(9), "2011-12-30T10:00"),  # a day that was left out
    ],
)
def test_a_local_time_has_one_instant(zone: str, day: date, at: time, expected: str) -> None:
    assert instant(day, at, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(
    moment=st.integers(0, 30 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    zone=st.sampled_from(["Europe/Oslo", "America/St_Johns", "Pacific/Auckland"]),
)
def test_an_open_moment_is_by_day_on_a_working_day(moment: datetime, zone: str) -> None:
    open_hours = hours(zone)

    opens = open_hours.next_open(moment)

    assert opens >= moment
    day = open_hours.local_date(opens)
    assert open_hours.is_working_day(day)
    assert open_hours.opening(day) <= opens < instant(day, open_hours.closes, zone)
    assert open_hours.next_open(opens) == opens


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        (date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 7)),
        (date(2026, 4, 4), date(2026, 4, 1), date(2026, 4, 7)),
        (date(2026, 12, 24), date(2026, 12, 23), date(2026, 12, 28)),
        (date(2026, 6, 3), date(2026, 6, 3), date(2026, 6, 3)),
    ],
)
def test_a_day_without_work_moves_either_way(day: date, before: date, after: date) -> None:
    assert (hours().working_day_before(day), hours().working_day_after(day)) == (before, after)
