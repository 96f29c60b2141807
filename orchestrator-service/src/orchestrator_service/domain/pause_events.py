"""Pause events: what happened to a mentor's availability, who was told, and what became of it."""

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from .announcements import CHANNEL_ORDER, Audience, DispatchResult, Status
from .errors import Outdated
from .responsibility import Responsibility


class EventType(StrEnum):
    PAUSE_ACTIVATED = "pause_activated"
    PAUSE_DEACTIVATED = "pause_deactivated"
    CERTIFICATION_EXPIRED = "certification_expired"
    CERTIFICATION_EXPIRING = "certification_expiring"

    @property
    def is_pause(self) -> bool:
        return self in PAUSE_TYPES

    @property
    def longest_wait(self) -> timedelta:
        """News of a pause is stale after a day; an expired certification is still worth telling after three."""
        return timedelta(hours=24) if self.is_pause else timedelta(hours=72)


PAUSE_TYPES = frozenset({EventType.PAUSE_ACTIVATED, EventType.PAUSE_DEACTIVATED})


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

    @classmethod
    def reported(cls, **members: Any) -> "Draft":
        """The draft of these members: its date cut to milliseconds, its reason dropped where no pause is activated."""
        draft = cls(**members)
        reason = draft.reason if draft.event_type is EventType.PAUSE_ACTIVATED else None
        return replace(draft, effective_date=in_milliseconds(draft.effective_date), reason=reason)

    def completed(self, *, certified_until: datetime | None, at: datetime) -> "Draft":
        """The same with what the directory knows about the certification."""
        expiry = self.expiry_date or certified_until
        if self.event_type is EventType.CERTIFICATION_EXPIRED:
            return replace(self, expiry_date=expiry or self.effective_date)
        if self.event_type is EventType.CERTIFICATION_EXPIRING and self.days_remaining is None and expiry:
            return replace(self, expiry_date=expiry, days_remaining=max(0, (expiry.date() - at.date()).days))
        return self


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a correction changes; only the members that it names."""

    members: frozenset[str]
    reason: str | None = field(default=None, repr=False)
    effective_date: datetime | None = None

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> "Correction":
        return cls(members=frozenset(members), **members)


@dataclass(frozen=True, kw_only=True)
class PauseEvent:
    """One recorded event. It is authoritative: what becomes of the notices never undoes it."""

    id: str
    organisation_id: str
    peer_mentor_id: str
    event_type: EventType
    effective_date: datetime
    reason: str | None = field(default=None, repr=False)
    expected_return_date: datetime | None = None
    expiry_date: datetime | None = None
    days_remaining: int | None = None
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
        responsibility: Responsibility | None,
        at: datetime,
    ) -> "PauseEvent":
        return cls(
            id=event_id,
            organisation_id=organisation_id,
            peer_mentor_id=draft.peer_mentor_id,
            event_type=draft.event_type,
            effective_date=draft.effective_date,
            reason=draft.reason,
            expected_return_date=draft.expected_return_date,
            expiry_date=draft.expiry_date,
            days_remaining=draft.days_remaining,
            audience=audience,
            resolution_rule=responsibility.rule if responsibility else None,
            resolution_source=responsibility.source if responsibility else None,
            created_at=in_milliseconds(at),
        )

    @property
    def coordinator_id(self) -> str | None:
        return self.audience.coordinator_id

    @property
    def is_skipped(self) -> bool:
        """Recorded, but nobody is told: it changed nothing for the mentor."""
        return self.announcement_id is None

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody who is told, the coordinator (or whoever stands in for him) first."""
        coordinator = (self.coordinator_id,) if self.coordinator_id else self.audience.admin_ids
        return tuple(dict.fromkeys((*coordinator, self.peer_mentor_id, *self.audience.also)))

    @property
    def notifications_sent(self) -> list[str]:
        """Who was really reached over which channel, in the contract's words; never more than is known."""
        left = [result for result in self.dispatch_results if result.status.has_left]
        names = [(part, result.channel) for result in left for part in self._parts_of(result.recipient_id)]
        return [f"{part}_{channel}" for part, channel in sorted(set(names), key=_in_order_of_telling)]

    def _parts_of(self, recipient_id: str) -> Iterable[str]:
        """One person may be told as the mentor and as the coordinator at once."""
        if recipient_id == self.peer_mentor_id:
            yield "peer_mentor"
        if recipient_id == self.coordinator_id or recipient_id in self.audience.also:
            yield "coordinator"
        elif recipient_id in self.audience.admin_ids:
            yield "org_admin"

    def corrected(self, correction: Correction, *, at: datetime) -> "PauseEvent":
        """Only an activated pause has a reason to correct."""
        changes: dict[str, Any] = {}
        if "reason" in correction.members and self.event_type is EventType.PAUSE_ACTIVATED:
            changes["reason"] = correction.reason
        if correction.effective_date is not None:
            changes["effective_date"] = in_milliseconds(correction.effective_date)
        return replace(self, **changes, revision=self.revision + 1, updated_at=in_milliseconds(at))

    def addressed_to(self, channels: Mapping[str, Iterable[str]], *, status: Status) -> list[DispatchResult]:
        """A result of this status for everybody of the audience, over each of his channels."""
        return [
            DispatchResult(recipient_id=recipient_id, channel=channel, status=status)
            for recipient_id in self.recipients
            for channel in channels.get(recipient_id, ())
        ]

    def ended(self, status: Status) -> list[DispatchResult]:
        """What was still open when nothing more will be heard of it ends with this status."""
        return [replace(result, status=status) for result in self.dispatch_results if not result.status.is_final]

    def must_be(self, versions: Collection[int] | None) -> None:
        """Raises Outdated unless the record is one of the versions that the caller knows."""
        if versions is not None and self.revision not in versions:
            raise Outdated


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What is left to say about a record that is gone."""

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
