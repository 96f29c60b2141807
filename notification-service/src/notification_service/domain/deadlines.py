"""How long a notice is worth telling."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from .model import Notice, Organisation

_PATIENCE = {
    Notice.PAUSE_ACTIVATED: timedelta(hours=24),
    Notice.PAUSE_LIFTED: timedelta(hours=24),
    Notice.CERT_EXPIRY: timedelta(hours=72),
}


def worth_telling_until(notice: Notice, *, organisation: Organisation, at: datetime, scale: float) -> datetime:
    """A reminder that names a number of days is wrong tomorrow; `scale` shortens waiting on test systems."""
    patience = _PATIENCE.get(notice) or _rest_of_the_day(at, organisation)
    return at + patience * scale


def _rest_of_the_day(at: datetime, organisation: Organisation) -> timedelta:
    here = at.astimezone(ZoneInfo(organisation.time_zone))
    midnight = datetime.combine(here.date() + timedelta(days=1), time.min, tzinfo=here.tzinfo)
    return midnight - at
