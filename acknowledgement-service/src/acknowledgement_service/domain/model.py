"""A lapse: the record that a certification expired, which the responsible coordinator must acknowledge."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead of this service's clock a client's clock may be."""


class LapseNotFound(Exception):
    """The record is unknown, deleted, or belongs to others: the answer is the same."""

    def __init__(self) -> None:
        super().__init__("There is no lapse record here that you may see.")


class LapseDeleted(Exception):
    """It is not opened again."""

    def __init__(self) -> None:
        super().__init__("The lapse of this notification was deleted.")


class NotYourLapse(Exception):
    """Somebody else must acknowledge it; `detail` says who."""

    def __init__(self) -> None:
        super().__init__("Only the responsible coordinator can acknowledge this lapse.")


class MayNotDelete(Exception):
    """The caller has none of the roles that may delete; `detail` names them."""

    def __init__(self) -> None:
        super().__init__("Roles that may delete a lapse record: org_admin, global_admin.")


class AlreadyAcknowledged(Exception):
    """An acknowledgement stays. Correct its time or its note instead."""

    def __init__(self) -> None:
        super().__init__("An acknowledgement cannot be taken back.")


class AcknowledgedAtOutOfRange(Exception):
    """The moment is not between the opening of the lapse and now; `detail` says what is expected."""


class StaleVersion(Exception):
    """The record changed since the caller read it. Read it again, and repeat the change."""

    def __init__(self) -> None:
        super().__init__("The record has changed since you read it.")


class State(StrEnum):
    """Whether a lapse waits for its coordinator. A closed one may be acknowledged or not."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class ClosedReason(StrEnum):
    """What became of the certification, so that nobody needs to see the lapse any more."""

    RENEWED = "renewed"
    NOT_REQUIRED = "not_required"
    MENTOR_LEFT = "mentor_left"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class CertificationNews:
    """A mentor's certification as it is now; the highest `version` is the newest. None: they need none any more."""

    mentor_id: str
    organisation_id: str
    expires_at: datetime | None
    reason: ClosedReason
    version: int

    def outdates(self, lapse: "Lapse") -> bool:
        """Whether the certification ends at least a day later than the lapse says, or is needed no more.

        Two moments of one day are the same end: other systems name midnight, or another time of that day.
        """
        return self.expires_at is None or self.expires_at - lapse.expiry_date >= timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Reassignment:
    """Who is responsible for the mentor of a lapse now; None: the coordinator has left, and nobody follows yet."""

    notification_id: UUID
    organisation_id: str
    coordinator_id: str | None
    version: int


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
    closed_at: datetime | None = None
    closed_reason: ClosedReason | None = None
    coordinator_version: int = 0
    coordinator_has_left: bool = False
    coordinator_notes: str | None = None
    notes_updated_at: datetime | None = None
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

    @property
    def state(self) -> State:
        if self.closed_at is not None:
            return State.CLOSED
        return State.ACKNOWLEDGED if self.is_acknowledged else State.OPEN

    def reassigned(self, news: Reassignment) -> "Lapse":
        """The lapse with its new coordinator, if it waits and the news is newer; else the same lapse."""
        if self.state is not State.OPEN or news.version <= self.coordinator_version:
            return self
        moved = replace(
            self,
            coordinator_id=news.coordinator_id or self.coordinator_id,
            coordinator_has_left=news.coordinator_id is None,
        )
        version = self.version if moved == self else self.version + 1
        return replace(moved, coordinator_version=news.version, version=version)

    def after(self, news: CertificationNews, *, at: datetime) -> "Lapse":
        """Closed if the news outdates it; open again or acknowledged if a renewal that closed it was taken back."""
        if news.outdates(self):
            closed = replace(self, closed_at=self._end(at), closed_reason=news.reason, version=self.version + 1)
            return closed if self.closed_at is None else self
        if self.closed_reason is not ClosedReason.RENEWED:
            return self
        return replace(self, closed_at=None, closed_reason=None, version=self.version + 1)

    def acknowledged(self, *, by: str, at: datetime) -> "Lapse":
        """The same lapse, acknowledged at `at`; a repeat keeps the first time. Raises NotYourLapse."""
        if by != self.coordinator_id:
            raise NotYourLapse
        return self if self.is_acknowledged else replace(self, acknowledged_at=self._end(at), version=self.version + 1)

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
        if after.coordinator_notes != self.coordinator_notes:
            after = replace(after, notes_updated_at=now)
        return self if after == self else replace(after, version=self.version + 1)

    def _acknowledgement_time(self, claimed: datetime | None, *, now: datetime) -> datetime:
        """The time that the client claims if it is plausible, else the stored time, else now."""
        if claimed is None:
            return self.acknowledged_at or self._end(now)
        if not self.created_at <= claimed <= now + CLOCK_TOLERANCE:
            raise AcknowledgedAtOutOfRange("acknowledged_at must lie between created_at and now.")
        return claimed

    def _end(self, at: datetime) -> datetime:
        """Not before the beginning, which another host's clock has told."""
        return max(at, self.created_at)

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
    """False: those that wait, so no closed ones."""
    state: State | None = None
    sort: Sort = Sort.CREATED


class Act(StrEnum):
    """The actions on a lapse that the audit log records."""

    OPENED = "opened"
    ACKNOWLEDGED = "acknowledged"
    CORRECTED = "corrected"
    NOTED = "noted"
    NOTES_EXPIRED = "notes_expired"
    REASSIGNED = "reassigned"
    CLOSED = "closed"
    REOPENED = "reopened"
    DELETED = "deleted"
    ERASED = "erased"


def acts_between(before: Lapse, after: Lapse) -> list[Act]:
    """The actions that turn one into the other, for the audit log; an acknowledgement is exactly one."""
    acts = []
    if before.acknowledged_at != after.acknowledged_at:
        acts.append(Act.CORRECTED if before.is_acknowledged else Act.ACKNOWLEDGED)
    if before.coordinator_notes != after.coordinator_notes:
        acts.append(Act.NOTED)
    if (before.closed_at is None) != (after.closed_at is None):
        acts.append(Act.REOPENED if after.closed_at is None else Act.CLOSED)
    if (before.coordinator_id, before.coordinator_has_left) != (after.coordinator_id, after.coordinator_has_left):
        acts.append(Act.REASSIGNED)
    return acts
