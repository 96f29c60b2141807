"""A lapse: the record that a certification expired, which the responsible coordinator must acknowledge."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead of this service's clock a client's clock may be."""


class LapseNotFound(Exception):
    def __init__(self) -> None:
        super().__init__("There is no lapse record here that you may see.")


class NotYourLapse(Exception):
    def __init__(self) -> None:
        super().__init__("Only the responsible coordinator can acknowledge this lapse.")


class MayNotDelete(Exception):
    def __init__(self) -> None:
        super().__init__("Only an administrator may delete a lapse record.")


class AlreadyAcknowledged(Exception):
    def __init__(self) -> None:
        super().__init__("An acknowledgement cannot be taken back.")


class AcknowledgedAtOutOfRange(Exception):
    """The message says what is expected."""


class StaleVersion(Exception):
    def __init__(self) -> None:
        super().__init__("The record has changed since you read it.")


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The facts that a new lapse starts from: an expiry notice, and the coordinator who must acknowledge it."""

    notification_id: UUID
    coordinator_id: str
    mentor_id: str
    organisation_id: str
    expiry_date: datetime


@dataclass(frozen=True, kw_only=True)
class Change:
    """The changes that a PUT asks for; None leaves a field unchanged, an empty or null note removes the note."""

    is_acknowledged: bool | None = None
    acknowledged_at: datetime | None = None
    coordinator_notes: str | None = None
    changes_notes: bool = False


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """One per notification and coordinator. All times are UTC; every change increments `version`."""

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
        """The same lapse, acknowledged at `at`; a repeat keeps the first time. Raises NotYourLapse."""
        if by != self.coordinator_id:
            raise NotYourLapse
        return self if self.is_acknowledged else replace(self, acknowledged_at=at, version=self.version + 1)

    def changed(self, change: Change, *, now: datetime) -> "Lapse":
        """The lapse after a PUT. Raises AlreadyAcknowledged on `is_acknowledged: false`, AcknowledgedAtOutOfRange."""
        if change.is_acknowledged is False and self.is_acknowledged:
            raise AlreadyAcknowledged
        after = self
        if change.is_acknowledged or (self.is_acknowledged and change.acknowledged_at is not None):
            after = replace(after, acknowledged_at=self._acknowledgement_time(change.acknowledged_at, now=now))
        elif change.acknowledged_at is not None:
            raise AcknowledgedAtOutOfRange("acknowledged_at goes together with is_acknowledged: true.")
        if change.changes_notes:
            after = replace(after, coordinator_notes=change.coordinator_notes or None)
        return self if after == self else replace(after, version=self.version + 1)

    def _acknowledgement_time(self, claimed: datetime | None, *, now: datetime) -> datetime:
        """The time that the client claims if it is plausible, else the stored time, else now."""
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
    """Orders of the list: newest first by `created_at`, or the earliest `expiry_date` first."""

    CREATED = "created_at"
    EXPIRY = "expiry_date"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Filters and order of the list; a filter that is None does not narrow."""

    coordinator_id: str | None = None
    mentor_id: str | None = None
    is_acknowledged: bool | None = None
    sort: Sort = Sort.CREATED


class Act(StrEnum):
    """The actions on a lapse that the audit log records."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    CORRECTED = "corrected"
    NOTED = "noted"
    NOTES_EXPIRED = "notes_expired"
    DELETED = "deleted"
    ERASED = "erased"


def acts_between(before: Lapse, after: Lapse) -> list[Act]:
    """The actions that turn one into the other, for the audit log; an acknowledgement is exactly one."""
    acts = []
    if before.acknowledged_at != after.acknowledged_at:
        acts.append(Act.CORRECTED if before.is_acknowledged else Act.ACKNOWLEDGED)
    if before.coordinator_notes != after.coordinator_notes:
        acts.append(Act.NOTED)
    return acts
