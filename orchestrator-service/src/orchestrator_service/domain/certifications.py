"""Which notice about a certification is due: 30, 14 and 7 days before the expiry, then the expiry itself."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from .pause_events import Draft, EventType

TIERS = (30, 14, 7)
"""Days before the expiry at which the mentor is reminded."""


@dataclass(frozen=True, kw_only=True)
class Certification:
    mentor_id: str
    expires_at: datetime


def due_notice(certification: Certification, *, at: datetime, tiers: Collection[int] = TIERS) -> Draft | None:
    """The notice that should be out by now, None when there is none.

    Its effective date is the moment it became due, whenever it is asked for: so a certification has one event per tier
    and expiry date, and a planner that was down for some days sends the latest tier only.
    """
    expiry = certification.expires_at
    if at >= expiry:
        return Draft.reported(
            peer_mentor_id=certification.mentor_id,
            event_type=EventType.CERTIFICATION_EXPIRED,
            effective_date=expiry,
            expiry_date=expiry,
        )
    days = (expiry.date() - at.date()).days
    passed = [tier for tier in tiers if days <= tier]
    if not passed:
        return None
    return Draft.reported(
        peer_mentor_id=certification.mentor_id,
        event_type=EventType.CERTIFICATION_EXPIRING,
        effective_date=expiry - timedelta(days=min(passed)),
        expiry_date=expiry,
        days_remaining=days,
    )
