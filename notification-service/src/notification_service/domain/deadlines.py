"""How long a notice is worth telling."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from .case import Case
from .model import Notice

_PATIENCE = {
    Notice.PAUSE_ACTIVATED: timedelta(hours=24),
    Notice.PAUSE_LIFTED: timedelta(hours=24),
    Notice.CERT_EXPIRY: timedelta(hours=72),
}


def worth_telling_until(case: Case, *, scale: float) -> datetime:
    """A reminder that names a number of days is wrong tomorrow; `scale` shortens waiting on test systems."""
    patience = _PATIENCE.get(case.notice) or _rest_of_the_day(case)
    return case.at + patience * scale


def _rest_of_the_day(case: Case) -> timedelta:
    here = case.at.astimezone(ZoneInfo(case.organisation.time_zone))
    midnight = datetime.combine(here.date() + timedelta(days=1), time.min, tzinfo=here.tzinfo)
    return midnight - case.at
