"""Certifications: their end, since when it is known, what is told about them, and enrolment for a renewal."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from orchestrator_service.domain.ports import CertificationNews

from .tables import CertificationNewsRow, CertificationPeriodRow, CertificationRow, PersonRow, RenewalEnrolmentRow

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
    WHERE CAST(:mentor_id AS text) IS NULL OR person.id = :mentor_id
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


def record_changes(session: Session, *, at: datetime, mentor_id: str | None = None) -> list[tuple[str, str]]:
    """Give every certification, or this mentor's, that differs from what was last told a new version; organisation and
    mentor of each.
    """
    rows = session.execute(_RECORD_CHANGES, {"at": at, "mentor_id": mentor_id})
    return [(row.organisation_id, row.id) for row in rows]


def save(session: Session, mentor_id: str, expires_at: datetime) -> None:
    query = insert(CertificationRow).values(mentor_id=mentor_id, expires_at=expires_at)
    session.execute(query.on_conflict_do_update(index_elements=["mentor_id"], set_={"expires_at": expires_at}))


def remove(session: Session, mentor_id: str) -> None:
    session.execute(delete(CertificationRow).where(CertificationRow.mentor_id == mentor_id))


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
    """The end of a certification, since when it is known, and the enrolment for its renewal.

    `course_date` is None without an enrolment; `enrolment_since` is when that was last changed.
    """

    expires_at: datetime
    known_since: datetime
    course_date: date | None = None
    enrolment_since: datetime | None = None


def known(session: Session, mentor_id: str) -> Known | None:
    """The certification of a person who is a mentor now."""
    is_of_certification = and_(
        RenewalEnrolmentRow.mentor_id == CertificationRow.mentor_id,
        RenewalEnrolmentRow.expires_at == CertificationRow.expires_at,
    )
    query = (
        select(
            CertificationRow.expires_at,
            CertificationNewsRow.known_since,
            RenewalEnrolmentRow.course_date,
            RenewalEnrolmentRow.updated_at,
        )
        .join(CertificationNewsRow, CertificationNewsRow.mentor_id == CertificationRow.mentor_id)
        .join(PersonRow, PersonRow.id == CertificationRow.mentor_id)
        .outerjoin(RenewalEnrolmentRow, is_of_certification)
        .where(CertificationRow.mentor_id == mentor_id, PersonRow.is_mentor)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Known(*row)


def save_enrolment(
    session: Session, mentor_id: str, *, expires_at: datetime, course_date: date | None, at: datetime
) -> None:
    """For the certification that ends then; None takes it back."""
    values = {"expires_at": expires_at, "course_date": course_date, "updated_at": at}
    query = insert(RenewalEnrolmentRow).values(mentor_id=mentor_id, **values)
    session.execute(query.on_conflict_do_update(index_elements=["mentor_id"], set_=values))


class Period(NamedTuple):
    """An expiry date that a certification has or had. `end_reason` is None for the one that is planned by."""

    expires_at: datetime
    known_since: datetime
    end_reason: str | None


def last_period(session: Session, mentor_id: str, *, is_open: bool) -> Period | None:
    """The mentor's open period, or the last one that has ended."""
    row = CertificationPeriodRow
    has_ended = row.ended_at.is_(None) if is_open else row.ended_at.is_not(None)
    query = select(row.expires_at, row.known_since, row.end_reason).where(row.mentor_id == mentor_id, has_ended)
    found = session.execute(query.order_by(row.number.desc()).limit(1)).one_or_none()
    return None if found is None else Period(*found)


def begin_period(session: Session, mentor_id: str, found: Known) -> None:
    values = {"expires_at": found.expires_at, "known_since": found.known_since}
    session.execute(insert(CertificationPeriodRow).values(mentor_id=mentor_id, **values))


def end_period(session: Session, mentor_id: str, *, reason: str, at: datetime) -> None:
    row = CertificationPeriodRow
    own = update(row).where(row.mentor_id == mentor_id, row.ended_at.is_(None))
    session.execute(own.values(ended_at=at, end_reason=reason))


def mentors_with_one(session: Session, *, organisation_id: str) -> list[str]:
    """The mentors of an organisation who have a certification."""
    query = select(CertificationRow.mentor_id).join(PersonRow, PersonRow.id == CertificationRow.mentor_id)
    return list(session.scalars(query.where(PersonRow.organisation_id == organisation_id, PersonRow.is_mentor)))
