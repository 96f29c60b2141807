"""Certifications: their end, since when it is known, and what is told about them."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from orchestrator_service.domain.ports import CertificationNews

from .tables import CertificationNewsRow, CertificationRow, PersonRow

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
    INSERT INTO certification_news (mentor_id, expires_at, reason, version, known_since)
    SELECT present.id, present.expires_at, present.reason,
        CASE present.reason WHEN 'not_required' THEN 0 ELSE version_after(0) END, :at
    FROM present LEFT JOIN certification_news AS told ON told.mentor_id = present.id
    WHERE (told.mentor_id IS NOT NULL OR present.reason IN ('renewed', 'not_required'))
        AND (told.expires_at, told.reason) IS DISTINCT FROM (present.expires_at, present.reason)
    ON CONFLICT (mentor_id) DO UPDATE
    SET expires_at = excluded.expires_at, reason = excluded.reason, known_since = excluded.known_since,
        version = version_after(certification_news.version)
    RETURNING mentor_id, version
)
SELECT person.organisation_id, person.id FROM written JOIN person ON person.id = written.mentor_id
WHERE written.version > 0
ORDER BY 1, 2
"""
)
_RAISE_VERSIONS = text(
    "UPDATE certification_news SET version = version_after(version) WHERE version > 0 RETURNING mentor_id"
)


def record_changes(session: Session, *, at: datetime) -> list[tuple[str, str]]:
    """Give every certification that differs from what was last told a new version; organisation and mentor of each."""
    return [(row.organisation_id, row.id) for row in session.execute(_RECORD_CHANGES, {"at": at})]


def raise_versions(session: Session) -> list[str]:
    """Give all that was ever told of the transaction's tenant a new version; the mentor of each."""
    return list(session.scalars(_RAISE_VERSIONS))


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


class Known(NamedTuple):
    """The end of a certification, and since when it is known."""

    expires_at: datetime
    known_since: datetime


def known(session: Session, mentor_id: str) -> Known | None:
    """The certification of a person who is a mentor now."""
    query = (
        select(CertificationRow.expires_at, CertificationNewsRow.known_since)
        .join(CertificationNewsRow, CertificationNewsRow.mentor_id == CertificationRow.mentor_id)
        .join(PersonRow, PersonRow.id == CertificationRow.mentor_id)
        .where(CertificationRow.mentor_id == mentor_id, PersonRow.is_mentor)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Known(*row)


def mentors_with_one(session: Session, *, organisation_id: str) -> list[str]:
    """The mentors of an organisation who have a certification."""
    query = select(CertificationRow.mentor_id).join(PersonRow, PersonRow.id == CertificationRow.mentor_id)
    return list(session.scalars(query.where(PersonRow.organisation_id == organisation_id, PersonRow.is_mentor)))
