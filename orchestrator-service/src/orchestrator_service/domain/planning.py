"""Acts that are due once at a moment, and what becomes of them: performed, left out with a reason, or awaited.

A plan is computed from facts, settings and working hours, and never stored; stored are only the decisions by key.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class Hours(Protocol):
    """An organisation's working days, and the hours in which planned notices are sent."""

    def local_date(self, moment: datetime) -> date: ...

    def working_day_before(self, day: date) -> date: ...

    def working_day_after(self, day: date) -> date: ...

    def opening(self, day: date) -> datetime: ...

    def next_open(self, moment: datetime) -> datetime: ...


class ActKind(StrEnum):
    """What is due."""

    CERTIFICATION_REMINDER = "cert_reminder"
    CERTIFICATION_EXPIRED = "cert_expired"
    AUTO_PAUSE = "auto_pause"
    RETURN_SOON = "return_soon"
    RETURN_TODAY = "return_today"
    RETURN_OVERDUE = "return_overdue"


class SkipReason(StrEnum):
    """Why an act is not performed."""

    OVERTAKEN = "overtaken"
    """A more urgent act of the same subject took its place."""
    BEFORE_KNOWN = "before_known"
    """Its moment lies before the fact or the setting was known."""
    TOO_OLD = "too_old"
    """The fact was long past when it became known."""
    ENROLLED = "enrolled"
    """The mentor is enrolled for a renewal."""
    RENEWED = "renewed"
    NOT_REQUIRED = "not_required"
    CHANGED = "changed"
    REMOVED = "removed"
    """An administrator removed or moved the event that it would record again."""
    ENDED = "ended"


REOPENED = frozenset(
    {SkipReason.ENROLLED, SkipReason.RENEWED, SkipReason.NOT_REQUIRED, SkipReason.CHANGED, SkipReason.ENDED}
)
"""An act that was left out because of these is due again when the fact is as it was: a later end was removed."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing that is due once. Of several that are reached the one with the highest `urgency` is performed.

    An `is_exact` act happens at its moment, whatever the hours are. `tier` is a reminder's number of days.
    """

    key: str
    kind: ActKind
    due_at: datetime
    urgency: int
    tier: int | None = None
    is_exact: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The acts of one subject, and since when its facts and settings are known.

    `warns_once`: when nothing was performed and no act is left but exact ones, the most urgent act from before
    `known_since` is performed all the same. `skips`: acts that are not performed, by key, with the reason.
    """

    acts: Sequence[Act]
    known_since: datetime
    warns_once: bool = False
    skips: Mapping[str, SkipReason]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What happens now, and when to look at the subject again; None when nothing is left."""

    perform: tuple[Act, ...] = ()
    skip: tuple[tuple[Act, SkipReason], ...] = ()
    look_at: datetime | None = None


def decide(plan: Plan, decided: Mapping[str, SkipReason | None], *, at: datetime, hours: Hours) -> Decision:
    """What to do at this moment. `decided` has the keys of earlier decisions: None for a performed act.

    An act that was left out because of a fact (`REOPENED`) is open again once the plan no longer says so.
    """
    is_notified = any(act.key in decided and decided[act.key] is None for act in plan.acts)
    open_acts = [act for act in plan.acts if act.key not in decided or decided[act.key] in REOPENED]
    reached = [act for act in open_acts if act.due_at <= at]
    later = [act for act in open_acts if act.due_at > at]
    skip = [(act, plan.skips[act.key]) for act in reached if act.key in plan.skips and act.key not in decided]
    reached = [act for act in reached if act.key not in plan.skips]
    if any(act.is_exact and act.due_at <= at for act in plan.acts):
        exact = tuple(act for act in reached if act.is_exact)
        skip += [(act, SkipReason.OVERTAKEN) for act in reached if not act.is_exact]
        return Decision(perform=exact, skip=tuple(skip), look_at=_earliest(later))
    timely = [act for act in reached if act.due_at >= plan.known_since]
    late = [act for act in reached if act.due_at < plan.known_since]
    if late and not timely and plan.warns_once and not is_notified and all(act.is_exact for act in later):
        timely = [max(late, key=_urgency)]
    skip += [(act, SkipReason.BEFORE_KNOWN) for act in late if act not in timely]
    if not timely:
        return Decision(skip=tuple(skip), look_at=_earliest(later))
    opens = hours.next_open(at)
    if opens > at:
        return Decision(skip=tuple(skip), look_at=min([opens, *(act.due_at for act in later)]))
    chosen = max(timely, key=_urgency)
    skip += [(act, SkipReason.OVERTAKEN) for act in timely if act is not chosen]
    return Decision(perform=(chosen,), skip=tuple(skip), look_at=_earliest(later))


@dataclass(frozen=True, kw_only=True)
class Coming:
    """An act that will be performed at this moment, if no fact changes until then."""

    act: Act
    at: datetime


def coming(
    plan: Plan, decided: Mapping[str, SkipReason | None], *, at: datetime, hours: Hours, until: datetime
) -> list[Coming]:
    """What `decide` will perform from this moment on, at the moments at which it will, the earliest first."""
    found: list[Coming] = []
    decided, moment = dict(decided), at
    while moment < until:
        decision = decide(plan, decided, at=moment, hours=hours)
        found += [Coming(act=act, at=moment) for act in decision.perform]
        decided |= {act.key: None for act in decision.perform} | dict(
            (act.key, reason) for act, reason in decision.skip
        )
        if decision.look_at is None:
            break
        moment = decision.look_at
    return found


def _urgency(act: Act) -> int:
    return act.urgency


def _earliest(acts: Iterable[Act]) -> datetime | None:
    return min((act.due_at for act in acts), default=None)
