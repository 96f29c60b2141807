"""Working days and hours in a time zone: when something that is planned may be sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `date.weekday()`."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class WorkingHours:
    """Open on working days from `opens` until `closes`, in local time. At least one weekday is a working day."""

    time_zone: str
    opens: time
    closes: time
    working_days: frozenset[str]
    is_day_off: Callable[[date], bool]

    def local_date(self, moment: datetime) -> date:
        """The day that this moment belongs to."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()

    def is_working_day(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] in self.working_days and not self.is_day_off(day)

    def working_day_before(self, day: date) -> date:
        """The day itself, or the last working day before it: for what counts down to a date."""
        while not self.is_working_day(day):
            day -= _DAY
        return day

    def working_day_after(self, day: date) -> date:
        """The day itself, or the next working day: for what counts up from a date."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def opening(self, day: date) -> datetime:
        """The moment at which this day opens, in UTC."""
        return instant(day, self.opens, self.time_zone)

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself when it is open then, else the next opening, in UTC."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        day = local.date()
        if self.is_working_day(day):
            opens = self.opening(day)
            if moment < opens:
                return opens
            if local.time() < self.closes:
                return moment
        return self.opening(self.working_day_after(day + _DAY))


def instant(day: date, at: time, time_zone: str) -> datetime:
    """This local time in UTC: the first of two when clocks go back; the next that exists when they go forward."""
    zone = ZoneInfo(time_zone)
    local = datetime.combine(day, at)
    while True:
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == local:
            return moment
        local += _MINUTE
