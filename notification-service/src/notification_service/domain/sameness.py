"""When asking again means the same notice, and nobody is told twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from .model import Announcement, Notice, Organisation

SAME_PAUSE_WITHIN = timedelta(minutes=10)


def natural_key(announcement: Announcement, *, organisation: Organisation, at: datetime, latest: UUID | None) -> str:
    """What must be unique among a mentor's notices.

    Pauses have no key of their own: a twin is recognised by time. Chaining each to the latest before it
    makes two that were decided upon at the same moment collide.
    """
    notice = announcement.notice
    if notice is Notice.CERT_EXPIRY:
        return f"{notice}:{_instant(announcement.expiry_date)}"
    if notice is Notice.CERT_EXPIRY_REMINDER:
        return f"{notice}:{announcement.days_remaining}:{local_day(at, organisation)}"
    return f"{notice}:after:{latest or 'nothing'}"


def local_day(at: datetime, organisation: Organisation) -> str:
    return at.astimezone(ZoneInfo(organisation.time_zone)).date().isoformat()


def _instant(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else "none"
