"""What is due about a pause with an expected return date: two friendly reminders, then it is overdue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .planning import Act, ActKind, Hours, Plan

OVERDUE_URGENCY = 10_000
"""More urgent than the reminders; of those the one nearer to the date."""


@dataclass(frozen=True, kw_only=True)
class PauseFacts:
    """An open pause. `known_since`: when this return date was recorded. A reminder of 0 days is for the day itself."""

    event_id: str
    expected_return_date: datetime
    known_since: datetime
    settings_since: datetime
    reminder_days: tuple[int, ...]
    overdue_days: int


def plan_pause(facts: PauseFacts, hours: Hours) -> Plan:
    """The acts for this return date. It never ends the pause."""
    day = hours.local_date(facts.expected_return_date)
    date = facts.expected_return_date.isoformat()
    acts = [_reminder(facts, hours, days) for days in facts.reminder_days]
    overdue = hours.working_day_after(day + timedelta(days=facts.overdue_days))
    acts.append(
        Act(
            key=f"{ActKind.RETURN_OVERDUE}/{facts.event_id}/{date}",
            kind=ActKind.RETURN_OVERDUE,
            due_at=hours.opening(overdue),
            urgency=OVERDUE_URGENCY,
        )
    )
    return Plan(acts=tuple(acts), known_since=max(facts.known_since, facts.settings_since), skips={})


def _reminder(facts: PauseFacts, hours: Hours, days: int) -> Act:
    day = hours.local_date(facts.expected_return_date) - timedelta(days=days)
    key = f"{facts.event_id}/{facts.expected_return_date.isoformat()}"
    kind = ActKind.RETURN_SOON if days else ActKind.RETURN_TODAY
    return Act(
        key=f"{kind}/{key}/{days}" if days else f"{kind}/{key}",
        kind=kind,
        due_at=hours.opening(hours.working_day_before(day)),
        urgency=OVERDUE_URGENCY - 1 - days,
    )
