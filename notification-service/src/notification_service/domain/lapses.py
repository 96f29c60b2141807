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


class LapseState(StrEnum):
    """As the acknowledgement service says."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


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
    created_at: datetime
    reopened_at: datetime | None
    taken_over_at: datetime | None

    @property
    def waits_since(self) -> datetime:
        """When the days until somebody is told again begin."""
        return self.reopened_at or self.created_at


@dataclass(frozen=True, kw_only=True)
class WaitingTime:
    """For texts: since when a lapse has waited, and when the admins are told; None: never."""

    since: datetime
    escalates_at: datetime | None
