"""Certifications: those that end within a span of time, and what was recorded and told about them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from orchestrator_service.domain.certifications import Certification
from orchestrator_service.domain.pause_events import Draft
from orchestrator_service.domain.ports import CertificationNews

from .tables import (
    CertificationNewsRow,
    CertificationRow,
    FormerEventRow,
    OrganisationRow,
    PauseEventRow,
    PersonRow,
)

Position = tuple[datetime, str]

# A mentor who has no certification yet is noted without telling anybody: there is nothing that could have ended.
_RECORD_CHANGES = text(
    """
WITH present AS (
    SELECT person.id, CASE WHEN is_mentor THEN certification.expires_at END AS expires_at,
        CASE
            WHEN erased_at IS NOT NULL THEN 'erased'
            WHEN NOT is_mentor THEN 'mentor_left'
            WHEN certification.mentor_id IS NULL THEN 'not_required'
            ELSE 'renewed'
        END AS reason
    FROM person LEFT JOIN certification ON certification.mentor_id = person.id
), written AS (
    INSERT INTO certification_news (mentor_id, expires_at, reason, version)
    SELECT present.id, present.expires_at, present.reason, nextval('contact_version')
    FROM present LEFT JOIN certification_news AS told ON told.mentor_id = present.id
    WHERE (told.mentor_id IS NOT NULL OR present.reason IN ('renewed', 'not_required'))
        AND (told.expires_at, told.reason) IS DISTINCT FROM (present.expires_at, present.reason)
    ON CONFLICT (mentor_id) DO UPDATE
    SET expires_at = excluded.expires_at, reason = excluded.reason, version = excluded.version
    RETURNING mentor_id, reason, xmax = 0 AS is_new
)
SELECT person.organisation_id, person.id FROM written JOIN person ON person.id = written.mentor_id
WHERE NOT (written.is_new AND written.reason = 'not_required')
ORDER BY 1, 2
"""
)


def record_changes(session: Session) -> list[tuple[str, str]]:
    """Give every certification that differs from what was last told a new version; organisation and mentor of each."""
    return [(row.organisation_id, row.id) for row in session.execute(_RECORD_CHANGES)]


def news(session: Session, mentor_id: str) -> CertificationNews | None:
    """What is to be told about the mentor's certification now."""
    query = select(PersonRow.organisation_id, CertificationNewsRow).join(
        PersonRow, PersonRow.id == CertificationNewsRow.mentor_id
    )
    row = session.execute(query.where(CertificationNewsRow.mentor_id == mentor_id)).one_or_none()
    if row is None:
        return None
    organisation_id, found = row
    return CertificationNews(
        mentor_id=mentor_id,
        organisation_id=organisation_id,
        expires_at=found.expires_at,
        reason=found.reason,
        version=found.version,
    )


def ending(
    session: Session, *, since: datetime, until: datetime, after: Position | None, limit: int
) -> list[Certification]:
    """Of active mentors, the earliest end first; `after` is the position of the last one of the page before."""
    place = tuple_(CertificationRow.expires_at, CertificationRow.mentor_id)
    query = (
        select(CertificationRow.mentor_id, CertificationRow.expires_at, OrganisationRow.time_zone)
        .join(PersonRow, PersonRow.id == CertificationRow.mentor_id)
        .join(OrganisationRow, OrganisationRow.id == PersonRow.organisation_id)
        .where(PersonRow.is_mentor, CertificationRow.expires_at >= since, CertificationRow.expires_at <= until)
        .order_by(CertificationRow.expires_at, CertificationRow.mentor_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(place > after)
    return [Certification(**row) for row in session.execute(query).mappings()]


def not_recorded(session: Session, drafts: Collection[Draft]) -> list[Draft]:
    """Those of the drafts that neither are an event (same mentor, type and effective date) nor ever were one."""
    wanted = {(draft.peer_mentor_id, draft.event_type.value, draft.effective_date): draft for draft in drafts}
    recorded: set[tuple[Any, ...]] = set()
    for table in (PauseEventRow, FormerEventRow):
        key = (table.peer_mentor_id, table.event_type, table.effective_date)
        recorded |= {tuple(row) for row in session.execute(select(*key).where(tuple_(*key).in_(list(wanted))))}
    return [draft for natural_key, draft in wanted.items() if natural_key not in recorded]
