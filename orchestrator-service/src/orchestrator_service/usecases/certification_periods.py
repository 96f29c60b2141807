"""What follows when the expiry date of a certification changes, by an import or a request."""

from collections.abc import Mapping
from datetime import datetime

from shared_lib.agenda import Subject
from shared_lib.outbox import Dispatcher, OutboxMessage
from sqlalchemy.orm import Session

from orchestrator_service.domain.certification_plan import (
    CERTIFICATION,
    CertificationFacts,
    enrolment_ends_on,
    plan_certification,
)
from orchestrator_service.domain.notices import NoticeKind
from orchestrator_service.domain.planning import REOPENED, Plan, SkipReason
from orchestrator_service.domain.settings import OrganisationSettings
from orchestrator_service.store import certifications, pauses
from orchestrator_service.store.certifications import Known, Period

from . import acts
from .outbox_messages import to_notify
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


def settle(
    session: Session, dispatcher: Dispatcher, mentor_id: str, own: OrganisationSettings, *, at: datetime
) -> Known | None:
    """The certification of a mentor as it is now; the acts of an expiry date that it no longer has are left out.

    A renewal is told if it was due: the certification was expiring or had lapsed. Call it in the mentor's turn.
    Idempotent; commits nothing.
    """
    now = certifications.known(session, mentor_id)
    before = certifications.last_period(session, mentor_id, is_open=True)
    if (before and before.expires_at) == (now and now.expires_at):
        return now
    if before is not None:
        reason = _reason(session, mentor_id, before, now)
        plan = _plan(mentor_id, before, own, at=at)
        decided = acts.decided(session, plan)
        _leave_out(session, mentor_id, own, plan, decided, reason=reason, at=at)
        if now is not None and reason is SkipReason.RENEWED and _was_due(before, own, at=at):
            # The coordinator has heard of the expiry, and hears that it is over.
            was_told = any(act.is_exact and act.key in decided and decided[act.key] is None for act in plan.acts)
            message = _renewed(session, mentor_id, own, now, to_coordinator=was_told, at=at, dispatcher=dispatcher)
            dispatcher.leave_to_relays(session, message)
        certifications.end_period(session, mentor_id, reason=reason.value, at=at)
    if now is not None:
        certifications.begin_period(session, mentor_id, now)
    return now


def _reason(session: Session, mentor_id: str, before: Period, now: Known | None) -> SkipReason:
    if now is not None:
        return SkipReason.RENEWED if now.expires_at > before.expires_at else SkipReason.CHANGED
    news = certifications.news(session, mentor_id)
    return _ENDED.get(news.reason if news else "", SkipReason.ENDED)


def _plan(mentor_id: str, before: Period, own: OrganisationSettings, *, at: datetime) -> Plan:
    known = Known(before.expires_at, before.known_since)
    return plan_certification(facts_of(mentor_id, known, own, at=at), working_hours(own.settings))


def _was_due(before: Period, own: OrganisationSettings, *, at: datetime) -> bool:
    """Whether the certification was expiring or had lapsed."""
    hours, tiers = working_hours(own.settings), own.settings.certification_reminder_days
    days_left = (hours.local_date(before.expires_at) - hours.local_date(at)).days
    return before.expires_at <= at or days_left <= max(tiers, default=-1)


def _renewed(
    session: Session,
    mentor_id: str,
    own: OrganisationSettings,
    now: Known,
    *,
    to_coordinator: bool,
    at: datetime,
    dispatcher: Dispatcher,
) -> OutboxMessage:
    return to_notify(
        NoticeKind.CERTIFICATION_RENEWED,
        mentor_id,
        organisation_id=own.organisation_id,
        date=now.expires_at,
        flags=() if pauses.open_of(session, mentor_id) is None else ("still_paused",),
        to_coordinator=to_coordinator,
        at=at,
        scale=dispatcher.retry.scale,
    )


def _leave_out(
    session: Session,
    mentor_id: str,
    own: OrganisationSettings,
    plan: Plan,
    decided: Mapping[str, SkipReason | None],
    *,
    reason: SkipReason,
    at: datetime,
) -> None:
    subject = Subject(kind=CERTIFICATION, id=mentor_id, tenant=own.organisation_id)
    for act in plan.acts:
        if act.key not in decided or decided[act.key] in REOPENED:
            acts.record(session, subject, act, at=at, reason=reason)
