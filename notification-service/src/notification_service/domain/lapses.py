"""Lapses that were opened or wait for a coordinator, and the news that moves or ends them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

FOLLOWED = timedelta(days=90)
"""How long after the notice a lapse is still opened for a coordinator who is found."""


class ClosedReason(StrEnum):
    RENEWED = "renewed"
    NOT_REQUIRED = "not_required"
    MENTOR_LEFT = "mentor_left"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class Certification:
    """A mentor's certification as it is now; the highest `version` is the newest. None: they need none any more."""

    mentor_id: str
    organisation_id: str
    expires_at: datetime | None
    reason: ClosedReason
    version: int

    def outdates(self, expiry_date: datetime) -> bool:
        """Whether the certification ends at least a day later than a notice says, or is needed no more.

        Two moments of one day are the same end: other systems name midnight, or another time of that day.
        """
        return self.expires_at is None or self.expires_at - expiry_date >= timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Reassignment:
    """Who is responsible for the mentor of a lapse now; None: the coordinator has left, and nobody follows yet."""

    notification_id: UUID
    organisation_id: str
    coordinator_id: str | None
    version: int


@dataclass(frozen=True, kw_only=True)
class WatchedLapse:
    """The lapse of a dispatch. `coordinator_id` is who is responsible now, by the contact of version
    `coordinator_version`; None as the version: by the announcement itself. Without `outbox_id` nobody was found yet.
    `opened_for`, whom it was opened for, never changes.
    """

    dispatch_id: UUID
    organisation_id: str
    mentor_id: str
    expiry_date: datetime
    coordinator_id: str | None
    coordinator_version: int | None
    outbox_id: UUID | None
    opened_for: str | None
    opened_at: datetime | None
    closed_reason: ClosedReason | None
