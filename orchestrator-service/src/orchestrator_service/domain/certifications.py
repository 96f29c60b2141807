"""Which notice about a certification is due: 30, 14 and 7 days before the expiry, then the expiry itself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .pause_events import Draft, EventType, days_between

TIERS = (30, 14, 7)
"""Days before the expiry at which the mentor is reminded."""


@dataclass(frozen=True, kw_only=True)
class Certification:
    mentor_id: str
    expires_at: datetime
    time_zone: str


def due_notice(certification: Certification, *, at: datetime, tiers: Collection[int] = TIERS) -> Draft | None:
    """The notice that should be out by now, None when there is none.

    Its effective date is the day on which it became due, in the organisation's time zone, whenever it is asked for: so
    a certification has one event per tier and expiry date, and a planner that was down for some days sends the latest
    tier only.
    """
    expiry, zone = certification.expires_at, ZoneInfo(certification.time_zone)
    if at >= expiry:
        return Draft.reported(
            peer_mentor_id=certification.mentor_id,
            event_type=EventType.CERTIFICATION_EXPIRED,
            effective_date=expiry,
            expiry_date=expiry,
            is_planned=True,
        )
    days = days_between(at.astimezone(zone), expiry)
    passed = [tier for tier in tiers if days <= tier]
    if not passed:
        return None
    tier = min(passed)
    return Draft.reported(
        peer_mentor_id=certification.mentor_id,
        event_type=EventType.CERTIFICATION_EXPIRING,
        effective_date=(expiry.astimezone(zone) - timedelta(days=tier)).astimezone(UTC),
        expiry_date=expiry,
        days_remaining=days,
        is_planned=True,
        tier=tier,
    )
