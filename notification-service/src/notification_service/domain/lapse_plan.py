"""When an open lapse is chased: a reminder to the coordinator, then the organisation's admins are told.

A plan is computed from facts and settings and never stored; stored are the decisions by key.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from .lapses import WaitingTime, WatchedLapse
from .model import NoticeSettings


class Hours(Protocol):
    """An organisation's working days, and the hours in which planned notices are sent."""

    def local_date(self, moment: datetime) -> date: ...

    def working_day_after(self, day: date) -> date: ...

    def opening(self, day: date) -> datetime: ...

    def next_open(self, moment: datetime) -> datetime: ...


class ChaseKind(StrEnum):
    """What is told about a lapse that nobody has acknowledged."""

    REMINDER = "lapse_reminder"
    ESCALATION = "lapse_escalation"
    TAKEN_OVER = "lapse_taken_over"


@dataclass(frozen=True, kw_only=True)
class Chase:
    """One message that is due once."""

    key: str
    kind: ChaseKind
    due_at: datetime


LAPSE = "lapse"
"""The kind of subject on the agenda."""


def lapse_subject(notification_id: UUID) -> str:
    return f"{LAPSE}:{notification_id}"


def plan_chases(lapse: WatchedLapse, own: NoticeSettings, hours: Hours) -> Sequence[Chase]:
    """The chases of this lapse. The coordinator's days begin anew with each coordinator, the organisation's do not.

    Keys end in the day since which it has waited: a lapse that is reopened is chased again.
    """
    opened = hours.local_date(lapse.waits_since)
    taken_over_at = hours.next_open(lapse.taken_over_at) if lapse.taken_over_at is not None else None
    about, coordinator = str(lapse.dispatch_id), lapse.coordinator_id or "admins"
    chases = []
    if taken_over_at is not None and lapse.coordinator_id is not None:
        key = f"{ChaseKind.TAKEN_OVER}/{about}/{coordinator}/{opened}"
        chases.append(Chase(key=key, kind=ChaseKind.TAKEN_OVER, due_at=taken_over_at))
    if own.lapse_reminder_days is not None:
        since = max(lapse.waits_since, taken_over_at or lapse.waits_since)
        day = hours.local_date(since) + timedelta(days=own.lapse_reminder_days)
        key = f"{ChaseKind.REMINDER}/{about}/{coordinator}/{opened}"
        chases.append(_chase(key, ChaseKind.REMINDER, day, hours))
    if own.lapse_escalation_days is not None:
        key = f"{ChaseKind.ESCALATION}/{about}/{opened}"
        chases.append(_chase(key, ChaseKind.ESCALATION, opened + timedelta(days=own.lapse_escalation_days), hours))
    return chases


def waiting_time(lapse: WatchedLapse, own: NoticeSettings, hours: Hours) -> WaitingTime:
    """What the texts about a lapse say of its waiting."""
    escalations = [chase for chase in plan_chases(lapse, own, hours) if chase.kind is ChaseKind.ESCALATION]
    return WaitingTime(since=lapse.waits_since, escalates_at=escalations[0].due_at if escalations else None)


def due_chases(
    chases: Sequence[Chase], decided: Collection[str], *, at: datetime, hours: Hours
) -> tuple[Sequence[Chase], datetime | None]:
    """Those to tell now, and when to look again; None when nothing is left. Outside the hours nothing is told."""
    left = [chase for chase in chases if chase.key not in decided]
    reached = [chase for chase in left if chase.due_at <= at]
    later = [chase.due_at for chase in left if chase.due_at > at]
    opens = hours.next_open(at)
    if reached and opens > at:
        return (), min([opens, *later])
    return reached, min(later, default=None)


def _chase(key: str, kind: ChaseKind, day: date, hours: Hours) -> Chase:
    return Chase(key=key, kind=kind, due_at=hours.opening(hours.working_day_after(day)))
