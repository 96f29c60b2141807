"""What is due about a mentor's certification: reminders on the tiers before its day, then the expiry."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .planning import Act, ActKind, Hours, Plan, SkipReason

CERTIFICATION = "cert"
"""The kind of subject that a mentor's certification is on the agenda."""

MAX_AGE = timedelta(days=14)
"""A certification that had ended longer ago when it became known is not announced."""

EXPIRY_URGENCY = 10_000
"""More urgent than every tier; a smaller tier is more urgent than a larger one."""


@dataclass(frozen=True, kw_only=True)
class CertificationFacts:
    """`known_since`: when this expiry date was recorded. `settings_since`: when tiers or calendar changed last.

    `enrolled_for` is the day of the course while the mentor is enrolled for a renewal.
    """

    mentor_id: str
    expires_at: datetime
    known_since: datetime
    settings_since: datetime
    tiers: tuple[int, ...]
    enrolled_for: date | None = None
    enrolment_grace_days: int = 14


def certification_subject(mentor_id: str) -> str:
    """Its name on the agenda."""
    return f"{CERTIFICATION}:{mentor_id}"


def plan_certification(facts: CertificationFacts, hours: Hours) -> Plan:
    """The acts for this expiry date. Their keys end in it, so that one date is never announced twice."""
    day = hours.local_date(facts.expires_at)
    expiry = facts.expires_at.isoformat()
    reminders = [
        Act(
            key=f"{ActKind.CERTIFICATION_REMINDER}/{facts.mentor_id}/{expiry}/{tier}",
            kind=ActKind.CERTIFICATION_REMINDER,
            due_at=hours.opening(hours.working_day_before(day - timedelta(days=tier))),
            urgency=EXPIRY_URGENCY - 1 - tier,
            tier=tier,
        )
        for tier in facts.tiers
    ]
    expired = Act(
        key=f"{ActKind.CERTIFICATION_EXPIRED}/{facts.mentor_id}/{expiry}",
        kind=ActKind.CERTIFICATION_EXPIRED,
        due_at=facts.expires_at,
        urgency=EXPIRY_URGENCY,
        is_exact=True,
    )
    skips = {act.key: SkipReason.ENROLLED for act in reminders if facts.enrolled_for is not None}
    if facts.known_since - facts.expires_at > MAX_AGE:
        skips[expired.key] = SkipReason.TOO_OLD
    return Plan(
        acts=(*reminders, expired),
        known_since=max(facts.known_since, facts.settings_since),
        warns_once=True,
        skips=skips,
    )


def reminders_resume_at(facts: CertificationFacts, hours: Hours) -> datetime | None:
    """When the grace after the course has passed; None without an enrolment."""
    if facts.enrolled_for is None:
        return None
    return hours.opening(enrolment_ends_on(facts.enrolled_for, facts.enrolment_grace_days))


def enrolment_ends_on(course: date, grace_days: int) -> date:
    """The first day after the grace that follows the course: reminders resume on it."""
    return course + timedelta(days=grace_days + 1)
