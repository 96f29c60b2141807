"""Pause events: what happened to a mentor's pause or certification, the audience, and the dispatch results."""

import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from .access import Principal
from .announcements import CHANNEL_ORDER, Audience, DispatchResult, Status
from .errors import ExpiryTooFar, NoReturnDate, StaleVersion
from .pauses import Cause

MAX_DAYS_REMAINING = 3650


class EventType(StrEnum):
    """What happened; each has a rule (`EVENT_RULES`) and an endpoint of the notification service."""

    PAUSE_ACTIVATED = "pause_activated"
    PAUSE_DEACTIVATED = "pause_deactivated"
    CERTIFICATION_EXPIRED = "certification_expired"
    CERTIFICATION_EXPIRING = "certification_expiring"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An event as a client or the directory import reports it; made by `reported`."""

    peer_mentor_id: str
    event_type: EventType
    effective_date: datetime
    reason: str | None = field(default=None, repr=False)
    expected_return_date: datetime | None = None
    expiry_date: datetime | None = None
    days_remaining: int | None = None
    is_planned: bool = False
    tier: int | None = None
    """Of a planned reminder: how many days before the expiry it is due."""
    cause: Cause | None = None
    """Why a pause begins or ends; None: voluntary."""

    @classmethod
    def reported(cls, **members: Any) -> "Draft":
        """The draft of these members: its date in milliseconds, its reason only where its rule has one."""
        draft = cls(**members)
        reason = draft.reason if "reason" in EVENT_RULES[draft.event_type].members else None
        return replace(draft, effective_date=in_milliseconds(draft.effective_date), reason=reason)

    def completed(self, *, certified_until: datetime | None, at: datetime, time_zone: str) -> "Draft":
        """The same with what the directory knows about the certification; days are counted in the organisation's zone.

        Raises ExpiryTooFar.
        """
        today = at.astimezone(ZoneInfo(time_zone))
        return EVENT_RULES[self.event_type].complete(self, certified_until, today)

    @property
    def is_complete(self) -> bool:
        """Whether every member that its rule requires is known."""
        return all(getattr(self, name) is not None for name in EVENT_RULES[self.event_type].required)


@dataclass(frozen=True, kw_only=True)
class EventRule:
    """What holds for one type of event. No member has a default: a new type needs a decision on each of them.

    `is_paused_after`: whether the mentor is paused after it, None when it is not about that; an event that leaves the
    mentor as they were is recorded and not announced. `lifetime`: how long after its recording a notice may be sent.
    `members`: the optional members that it may carry. `complete`: fills in, with the certification's expiry date if one
    is known and the present local time, what the request did not say. `required`: members that must be known by then.

    The natural key is the same for all: mentor, type and effective date, with no opposite pause event in between.
    """

    is_paused_after: bool | None
    lifetime: timedelta
    members: frozenset[str]
    complete: Callable[[Draft, datetime | None, datetime], Draft]
    required: frozenset[str]

    @property
    def is_about_certification(self) -> bool:
        return "expiry_date" in self.members


def _as_it_is(draft: Draft, _certified_until: datetime | None, _today: datetime) -> Draft:
    return draft


def _with_expiry_date(draft: Draft, certified_until: datetime | None, _today: datetime) -> Draft:
    return replace(draft, expiry_date=draft.expiry_date or certified_until or draft.effective_date)


def _with_days_remaining(draft: Draft, certified_until: datetime | None, today: datetime) -> Draft:
    """A date that the request names comes first, then its number of days, then the certification's date."""
    expiry, days = draft.expiry_date, draft.days_remaining
    if expiry is None and days is not None:
        expiry = datetime.combine(today + timedelta(days=days), time(23, 59, 59), today.tzinfo).astimezone(UTC)
        if certified_until is not None and days_between(today, certified_until) == days:
            expiry = certified_until
    expiry = expiry or certified_until
    if expiry is None:
        return draft
    counted = days_between(today, expiry)
    if counted > MAX_DAYS_REMAINING:
        raise ExpiryTooFar
    return replace(draft, expiry_date=expiry, days_remaining=max(0, counted) if days is None else days)


def days_between(today: datetime, moment: datetime) -> int:
    """How many days after `today` the moment is, by the calendar of the time zone of `today`."""
    return (moment.astimezone(today.tzinfo).date() - today.date()).days


EVENT_RULES: Mapping[EventType, EventRule] = {
    EventType.PAUSE_ACTIVATED: EventRule(
        is_paused_after=True,
        lifetime=timedelta(hours=24),
        members=frozenset({"reason", "expected_return_date"}),
        complete=_as_it_is,
        required=frozenset(),
    ),
    EventType.PAUSE_DEACTIVATED: EventRule(
        is_paused_after=False,
        lifetime=timedelta(hours=24),
        members=frozenset(),
        complete=_as_it_is,
        required=frozenset(),
    ),
    EventType.CERTIFICATION_EXPIRED: EventRule(
        is_paused_after=None,
        lifetime=timedelta(hours=72),
        members=frozenset({"expiry_date"}),
        complete=_with_expiry_date,
        required=frozenset({"expiry_date"}),
    ),
    EventType.CERTIFICATION_EXPIRING: EventRule(
        is_paused_after=None,
        lifetime=timedelta(hours=72),
        members=frozenset({"expiry_date", "days_remaining"}),
        complete=_with_days_remaining,
        required=frozenset({"expiry_date", "days_remaining"}),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a correction changes; only the members that it names."""

    members: frozenset[str]
    reason: str | None = field(default=None, repr=False)
    effective_date: datetime | None = None
    expected_return_date: datetime | None = None

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> "Correction":
        return cls(members=frozenset(members), **members)


@dataclass(frozen=True, kw_only=True)
class PauseEvent:
    """One recorded event. It is authoritative: the outcome of its notices never undoes it."""

    id: str
    organisation_id: str
    peer_mentor_id: str
    event_type: EventType
    effective_date: datetime
    reason: str | None = field(default=None, repr=False)
    expected_return_date: datetime | None = None
    expiry_date: datetime | None = None
    days_remaining: int | None = None
    is_planned: bool = False
    tier: int | None = None
    cause: Cause | None = None
    """Why it began or ended a pause; None: it did neither."""
    ended_at: datetime | None = None
    ended_by: str | None = None
    """Of an activation that began a pause: when it ended, and the event that ended it."""
    return_date_since: datetime | None = None
    recorded_by_id: str | None = None
    recorded_by_role: str | None = None
    certified_until: datetime | None = None
    """The certification's expiry date in the directory when the event was recorded."""
    opposite_number: int = 0
    """The number of the mentor's last opposite pause event before it; 0: there is none."""
    audience: Audience
    resolution_rule: str | None = None
    resolution_source: str | None = None
    announcement_id: UUID | None = None
    revision: int = 1
    created_at: datetime
    updated_at: datetime | None = None
    dispatch_results: tuple[DispatchResult, ...] = ()

    @classmethod
    def opened(
        cls,
        draft: Draft,
        *,
        event_id: str,
        organisation_id: str,
        audience: Audience,
        certified_until: datetime | None,
        opposite_number: int,
        at: datetime,
    ) -> "PauseEvent":
        """A new event with every member of the draft."""
        return cls(
            id=event_id,
            organisation_id=organisation_id,
            **vars(draft),
            certified_until=certified_until,
            opposite_number=opposite_number,
            audience=audience,
            created_at=in_milliseconds(at),
        )

    def in_force(self, *, by: Principal) -> "PauseEvent":
        """The same as an event that changes something: of those about pauses, with its cause and who recorded it."""
        if EVENT_RULES[self.event_type].is_paused_after is None:
            return self
        return replace(
            self,
            cause=self.cause or Cause.VOLUNTARY,
            return_date_since=self.created_at if self.expected_return_date is not None else None,
            recorded_by_id=by.id,
            recorded_by_role="planner" if self.is_planned else by.role,
        )

    @property
    def is_pause(self) -> bool:
        """Whether it began a pause."""
        return self.event_type is EventType.PAUSE_ACTIVATED and self.cause is not None

    @property
    def is_announced(self) -> bool:
        """What began or ended a pause because of a certification is told by that certification's notice."""
        return self.cause in {None, Cause.VOLUNTARY}

    @property
    def coordinator_id(self) -> str | None:
        return self.audience.coordinator_id

    @property
    def recipients(self) -> tuple[str, ...]:
        """Ids of the people who receive a notice, the coordinator (or the admins in their place) first."""
        coordinator = (self.coordinator_id,) if self.coordinator_id else self.audience.admin_ids
        return tuple(dict.fromkeys((*coordinator, self.peer_mentor_id, *self.audience.also)))

    @property
    def notifications_sent(self) -> list[str]:
        """Recipients and channels of the messages that have really left, in the contract's words."""
        left = [result for result in self.dispatch_results if result.status.has_left]
        names = [(part, result.channel) for result in left for part in self._parts_of(result.recipient_id)]
        return [f"{part}_{channel}" for part, channel in sorted(set(names), key=_in_order_of_telling)]

    def _parts_of(self, recipient_id: str) -> Iterable[str]:
        """One person may be mentor and coordinator. Admins replace a coordinator whom nothing reaches."""
        if recipient_id == self.peer_mentor_id:
            yield "peer_mentor"
        if recipient_id == self.coordinator_id or recipient_id in self.audience.also:
            yield "coordinator"
        elif recipient_id in self.audience.admin_ids or recipient_id != self.peer_mentor_id:
            yield "org_admin"

    def corrected(self, correction: Correction, *, at: datetime) -> "PauseEvent":
        """A reason is kept with the types that may carry one. Raises NoReturnDate for a type that has none."""
        changes: dict[str, Any] = {}
        if "expected_return_date" in correction.members:
            if "expected_return_date" not in EVENT_RULES[self.event_type].members:
                raise NoReturnDate
            changes["expected_return_date"] = returns = correction.expected_return_date
            if returns != self.expected_return_date and self.cause is not None:
                changes["return_date_since"] = None if returns is None else in_milliseconds(at)
        if "reason" in correction.members & EVENT_RULES[self.event_type].members:
            changes["reason"] = correction.reason
        if correction.effective_date is not None:
            changes["effective_date"] = in_milliseconds(correction.effective_date)
        return replace(
            self, **changes, revision=self.revision + 1, updated_at=in_milliseconds(max(at, self.created_at))
        )

    def addressed_to(self, channels: Mapping[str, Iterable[str]], *, status: Status) -> list[DispatchResult]:
        """A result of this status for every recipient, over each of their channels."""
        return [
            DispatchResult(recipient_id=recipient_id, channel=channel, status=status)
            for recipient_id in self.recipients
            for channel in channels.get(recipient_id, ())
        ]

    @property
    def is_open(self) -> bool:
        """Whether the outcome of a message is still open; also while nothing is known of any."""
        return not self.dispatch_results or bool(self.ended(Status.EXPIRED))

    def ended(self, status: Status) -> list[DispatchResult]:
        """Results of this status for the messages whose outcome was still open."""
        return [replace(result, status=status) for result in self.dispatch_results if not result.status.is_final]

    def still_holds(self, *, certified_until: datetime | None, time_zone: str) -> bool:
        """Whether it may still be told, given the certification as it is now: not after a renewal or a removal."""
        if not EVENT_RULES[self.event_type].is_about_certification or certified_until == self.certified_until:
            return True
        expiry = self.expiry_date
        if certified_until is None or expiry is None:
            return False
        return days_between(expiry.astimezone(ZoneInfo(time_zone)), certified_until) == 0

    def must_be(self, versions: Collection[int] | None) -> None:
        """Raises StaleVersion unless the record is one of the versions that the caller knows."""
        if versions is not None and self.revision not in versions:
            raise StaleVersion


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """What a list of events is narrowed to: members of an event and the values that they must have."""

    event_type: EventType | None = None
    peer_mentor_id: str | None = None
    coordinator_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Removed:
    """The answer about a record that was removed."""

    event_id: str
    at: datetime


def new_event_id() -> str:
    return f"pn_{secrets.token_hex(6)}"


def in_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _in_order_of_telling(named: tuple[str, str]) -> tuple[int, int]:
    part, channel = named
    known = CHANNEL_ORDER.index(channel) if channel in CHANNEL_ORDER else len(CHANNEL_ORDER)
    return ("coordinator", "org_admin", "peer_mentor").index(part), known
