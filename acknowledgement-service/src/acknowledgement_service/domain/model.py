"""A lapse: the record that a certification ran out, waiting for the responsible coordinator to have seen it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from .errors import AcknowledgedAtOutOfRange, AlreadyAcknowledged, NotYourLapse, StaleVersion

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead of ours a client's clock may be (DOMAIN "Lapses and acknowledgements")."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What opens a lapse: the expiry notice and the coordinator who must see it."""

    notification_id: UUID
    coordinator_id: str
    mentor_id: str
    organisation_id: str
    expiry_date: datetime


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a PUT asks for; None leaves a thing as it is. An empty note removes the note."""

    is_acknowledged: bool | None = None
    acknowledged_at: datetime | None = None
    coordinator_notes: str | None = None
    changes_notes: bool = False


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """One per notification and coordinator. All times are UTC; `version` grows with every change."""

    id: UUID
    notification_id: UUID
    mentor_id: str
    coordinator_id: str
    organisation_id: str
    expiry_date: datetime
    created_at: datetime
    acknowledged_at: datetime | None = None
    coordinator_notes: str | None = None
    version: int = 1

    @classmethod
    def opened(cls, opening: Opening, *, lapse_id: UUID, at: datetime) -> "Lapse":
        return cls(
            id=lapse_id,
            notification_id=opening.notification_id,
            mentor_id=opening.mentor_id,
            coordinator_id=opening.coordinator_id,
            organisation_id=opening.organisation_id,
            expiry_date=opening.expiry_date,
            created_at=at,
        )

    @property
    def is_acknowledged(self) -> bool:
        return self.acknowledged_at is not None

    def acknowledged(self, *, by: str, at: datetime) -> "Lapse":
        """Acknowledging twice keeps the first moment. Raises NotYourLapse."""
        if by != self.coordinator_id:
            raise NotYourLapse
        return self if self.is_acknowledged else replace(self, acknowledged_at=at, version=self.version + 1)

    def changed(self, change: Change, *, now: datetime) -> "Lapse":
        """Apply a PUT. Raises AlreadyAcknowledged (taking it back) and AcknowledgedAtOutOfRange."""
        if change.is_acknowledged is False and self.is_acknowledged:
            raise AlreadyAcknowledged
        after = self
        if change.is_acknowledged or (self.is_acknowledged and change.acknowledged_at is not None):
            after = replace(after, acknowledged_at=self._moment(change.acknowledged_at, now=now))
        elif change.acknowledged_at is not None:
            raise AcknowledgedAtOutOfRange("acknowledged_at goes together with is_acknowledged: true.")
        if change.changes_notes:
            after = replace(after, coordinator_notes=change.coordinator_notes or None)
        return self if after == self else replace(after, version=self.version + 1)

    def _moment(self, claimed: datetime | None, *, now: datetime) -> datetime:
        """The server's time decides, unless the client names one that can be true."""
        if claimed is None:
            return self.acknowledged_at or now
        if not self.created_at <= claimed <= now + CLOCK_TOLERANCE:
            raise AcknowledgedAtOutOfRange("acknowledged_at must lie between created_at and now.")
        return claimed

    def must_be(self, versions: frozenset[int] | None) -> None:
        """Raises StaleVersion unless this is one of the wanted versions (None: any)."""
        if versions is not None and self.version not in versions:
            raise StaleVersion


class Sort(StrEnum):
    """Orders of the list."""

    CREATED = "created_at"
    EXPIRY = "expiry_date"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the list is narrowed to; None does not narrow."""

    coordinator_id: str | None = None
    mentor_id: str | None = None
    is_acknowledged: bool | None = None
    sort: Sort = Sort.CREATED


class Act(StrEnum):
    """What the audit log knows."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    CORRECTED = "corrected"
    NOTED = "noted"
    NOTES_EXPIRED = "notes_expired"
    DELETED = "deleted"
    ERASED = "erased"


def acts_between(before: Lapse, after: Lapse) -> list[Act]:
    """Which acts turn one into the other; an acknowledgement is exactly one."""
    acts = []
    if before.acknowledged_at != after.acknowledged_at:
        acts.append(Act.CORRECTED if before.is_acknowledged else Act.ACKNOWLEDGED)
    if before.coordinator_notes != after.coordinator_notes:
        acts.append(Act.NOTED)
    return acts
