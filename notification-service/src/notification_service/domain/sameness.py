"""When asking again means the same notice, and nobody is told twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from .case import Case
from .model import Announcement, Notice

SAME_PAUSE_WITHIN = timedelta(minutes=10)


def natural_key(case: Case, *, latest: UUID | None) -> str:
    """What must be unique among a mentor's notices.

    Pauses have no key of their own: a twin is recognised by time. Chaining each to the latest dispatch before it makes
    two that were decided upon at the same moment collide.
    """
    if case.notice is Notice.CERT_EXPIRY:
        return expiry_key(case.announcement)
    if case.notice is Notice.CERT_EXPIRY_REMINDER:
        today = case.at.astimezone(ZoneInfo(case.organisation.time_zone)).date()
        return f"{case.notice}:{case.announcement.days_remaining}:{today.isoformat()}"
    return f"{case.notice}:after:{latest or 'nothing'}"


def expiry_key(announcement: Announcement) -> str:
    """The natural key of a certification that has run out: it asks for nothing but the announcement."""
    return f"{Notice.CERT_EXPIRY}:{_instant(announcement.expiry_date)}"


def _instant(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else "none"
