"""Decide the acts of a subject that are due, and store each decision with it."""

from collections.abc import Mapping
from datetime import datetime

from shared_lib import agenda
from shared_lib.agenda import Subject
from sqlalchemy.orm import Session

from orchestrator_service.domain.planning import Act, Decision, Plan, SkipReason


def decided(session: Session, plan: Plan) -> Mapping[str, SkipReason | None]:
    """The decisions about the plan's acts by key; None for a performed one."""
    found = agenda.decisions(session, [act.key for act in plan.acts])
    return {key: None if reason is None else SkipReason(reason) for key, reason in found.items()}


def record(
    session: Session,
    subject: Subject,
    act: Act,
    *,
    at: datetime,
    reason: SkipReason | None = None,
    object_id: str | None = None,
) -> None:
    """Store that the act was performed, or left out for a reason. Commits nothing."""
    agenda.record_decision(
        session,
        tenant=subject.tenant,
        key=act.key,
        subject=subject.name,
        kind=act.kind.value,
        due_at=act.due_at,
        at=at,
        reason=None if reason is None else reason.value,
        object_id=object_id,
    )


def record_skipped(session: Session, subject: Subject, decision: Decision, *, at: datetime) -> None:
    """Store which acts the decision leaves out. Commits nothing."""
    for act, reason in decision.skip:
        record(session, subject, act, at=at, reason=reason)
