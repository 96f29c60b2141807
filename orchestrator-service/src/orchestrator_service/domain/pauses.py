"""Pauses as they are: why they began, when they end, and what a list of them shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .errors import EventNotFound, PauseEnded

if TYPE_CHECKING:
    from .pause_events import PauseEvent

PAUSE = "pause"
"""The kind of subject that a mentor's pause is on the agenda: at most one is open, so the mentor's id names it."""


class Cause(StrEnum):
    """Why a pause began or ended. What is not voluntary is told by the notice of the certification."""

    VOLUNTARY = "voluntary"
    CERTIFICATION_EXPIRED = "certification_expired"
    CERTIFICATION_RENEWED = "renewed"
    CERTIFICATION_NOT_REQUIRED = "not_required"


CHECK_IN_INTERVAL = timedelta(days=7)
"""A mentor is asked at most this often how they are, in one pause."""


class PauseState(StrEnum):
    """What a list of pauses is narrowed to. All but `ended` are pauses of people who are mentors now."""

    OPEN = "open"
    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    """Open, and the return date is today or in the next 14 days."""
    OPEN_ENDED = "open_ended"
    ENDED = "ended"


class PauseOrder(StrEnum):
    NEWEST = "newest"
    RETURN_DATE = "return_date"
    """The earliest first, pauses without one last."""


@dataclass(frozen=True, kw_only=True)
class PauseFilter:
    """What a list of pauses is narrowed to, and its order."""

    state: PauseState | None = None
    chapter_id: str | None = None
    coordinator_id: str | None = None
    cause: Cause | None = None
    sort: PauseOrder = PauseOrder.NEWEST


@dataclass(frozen=True, kw_only=True)
class RecordedBy:
    """`name` is None for who is no person of the organisation any more."""

    role: str | None
    id: str | None
    name: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ListedPause:
    """A pause as a list shows it: that there is a reason, never the reason. `coordinator_id` is responsible now."""

    id: str
    peer_mentor_id: str
    peer_mentor_name: str = field(repr=False)
    chapter_ids: Sequence[str]
    effective_date: datetime
    expected_return_date: datetime | None
    days_overdue: int
    cause: Cause
    recorded_by: RecordedBy
    coordinator_id: str | None
    has_reason: bool
    ended_at: datetime | None

    @property
    def is_overdue(self) -> bool:
        return self.days_overdue > 0


@dataclass(frozen=True, kw_only=True)
class CheckIn:
    """A mentor who pauses was asked how they are. `is_replay`: by an earlier request with this Idempotency-Key."""

    event_id: str
    recipient_id: str
    told_at: datetime
    is_replay: bool = False


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A pause with what its plan needs. `return_date_since`: when this return date was recorded."""

    event_id: str
    mentor_id: str
    organisation_id: str
    expected_return_date: datetime | None
    return_date_since: datetime | None

    @classmethod
    def begun_by(cls, event: "PauseEvent") -> "Pause":
        return cls(
            event_id=event.id,
            mentor_id=event.peer_mentor_id,
            organisation_id=event.organisation_id,
            expected_return_date=event.expected_return_date,
            return_date_since=event.return_date_since,
        )


def pause_subject(mentor_id: str) -> str:
    """Its name on the agenda."""
    return f"{PAUSE}:{mentor_id}"


def must_be_open(event: "PauseEvent") -> None:
    """Raises PauseEnded, and EventNotFound for an event that began no pause."""
    if not event.is_pause:
        raise EventNotFound
    if event.ended_at is not None:
        raise PauseEnded


def days_overdue(returns: datetime | None, *, at: datetime, time_zone: str) -> int:
    """How many days the return date has passed by the organisation's calendar; 0 until it has."""
    if returns is None:
        return 0
    zone = ZoneInfo(time_zone)
    return max(0, (at.astimezone(zone).date() - returns.astimezone(zone).date()).days)
