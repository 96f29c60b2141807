"""Certifications that end within a span of time, and what has been recorded about them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from orchestrator_service.domain.certifications import Certification
from orchestrator_service.domain.pause_events import Draft

from .tables import CertificationRow, PauseEventRow, PersonRow

Position = tuple[datetime, str]


def ending(
    session: Session, *, since: datetime, until: datetime, after: Position | None, limit: int
) -> list[Certification]:
    """Of active mentors, the earliest end first; `after` is the position of the last one of the page before."""
    place = tuple_(CertificationRow.expires_at, CertificationRow.mentor_id)
    query = (
        select(CertificationRow.mentor_id, CertificationRow.expires_at)
        .join(PersonRow, PersonRow.id == CertificationRow.mentor_id)
        .where(PersonRow.is_mentor, CertificationRow.expires_at >= since, CertificationRow.expires_at <= until)
        .order_by(CertificationRow.expires_at, CertificationRow.mentor_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(place > after)
    return [Certification(mentor_id=row.mentor_id, expires_at=row.expires_at) for row in session.execute(query)]


def not_recorded(session: Session, drafts: Collection[Draft]) -> list[Draft]:
    """Those of the drafts that are not an event yet (same mentor, type and effective date)."""
    key = tuple_(PauseEventRow.peer_mentor_id, PauseEventRow.event_type, PauseEventRow.effective_date)
    wanted = {(draft.peer_mentor_id, draft.event_type.value, draft.effective_date): draft for draft in drafts}
    known = session.execute(
        select(PauseEventRow.peer_mentor_id, PauseEventRow.event_type, PauseEventRow.effective_date).where(
            key.in_(list(wanted))
        )
    )
    recorded = {tuple(row) for row in known}
    return [draft for natural_key, draft in wanted.items() if natural_key not in recorded]
