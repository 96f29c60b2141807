"""What follows when the expiry date of a certification changes, by an import or a request."""

from datetime import datetime

from shared_lib.agenda import Subject
from sqlalchemy.orm import Session

from orchestrator_service.domain.certification_plan import (
    CERTIFICATION,
    CertificationFacts,
    enrolment_ends_on,
    plan_certification,
)
from orchestrator_service.domain.planning import REOPENED, SkipReason
from orchestrator_service.domain.settings import OrganisationSettings
from orchestrator_service.store import certifications
from orchestrator_service.store.certifications import Known, Period

from . import acts
from .settings import working_hours

_ENDED = {"not_required": SkipReason.NOT_REQUIRED, "mentor_left": SkipReason.ENDED, "erased": SkipReason.ENDED}


def facts_of(mentor_id: str, found: Known, own: OrganisationSettings, *, at: datetime) -> CertificationFacts:
    """What is planned by. An enrolment whose grace has passed, and one that was taken back, stop nothing any more."""
    grace_days, course_date, known_since = own.settings.enrolment_grace_days, found.course_date, found.known_since
    if course_date is None and found.enrolment_since is not None:
        known_since = max(known_since, found.enrolment_since)
    if course_date is not None:
        today = working_hours(own.settings).local_date(at)
        course_date = course_date if today < enrolment_ends_on(course_date, grace_days) else None
    return CertificationFacts(
        mentor_id=mentor_id,
        expires_at=found.expires_at,
        known_since=known_since,
        settings_since=own.settings_since or found.known_since,
        tiers=own.settings.certification_reminder_days,
        enrolled_for=course_date,
        enrolment_grace_days=grace_days,
    )


def settle(session: Session, mentor_id: str, own: OrganisationSettings, *, at: datetime) -> Known | None:
    """The certification of a mentor as it is now; the acts of an expiry date that it no longer has are left out.

    Call it in the mentor's turn. Idempotent; commits nothing.
    """
    now = certifications.known(session, mentor_id)
    before = certifications.last_period(session, mentor_id, is_open=True)
    if (before and before.expires_at) == (now and now.expires_at):
        return now
    if before is not None:
        reason = _reason(session, mentor_id, before, now)
        _leave_out(session, mentor_id, before, own, reason=reason, at=at)
        certifications.end_period(session, mentor_id, reason=reason.value, at=at)
    if now is not None:
        certifications.begin_period(session, mentor_id, now)
    return now


def _reason(session: Session, mentor_id: str, before: Period, now: Known | None) -> SkipReason:
    if now is not None:
        return SkipReason.RENEWED if now.expires_at > before.expires_at else SkipReason.CHANGED
    news = certifications.news(session, mentor_id)
    return _ENDED.get(news.reason if news else "", SkipReason.ENDED)


def _leave_out(
    session: Session, mentor_id: str, before: Period, own: OrganisationSettings, *, reason: SkipReason, at: datetime
) -> None:
    known = Known(before.expires_at, before.known_since)
    plan = plan_certification(facts_of(mentor_id, known, own, at=at), working_hours(own.settings))
    subject = Subject(kind=CERTIFICATION, id=mentor_id, tenant=own.organisation_id)
    decided = acts.decided(session, plan)
    for act in plan.acts:
        if act.key not in decided or decided[act.key] in REOPENED:
            acts.record(session, subject, act, at=at, reason=reason)
