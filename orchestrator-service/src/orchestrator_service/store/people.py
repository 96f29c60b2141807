"""Reading the directory: mentors as somebody may see them, names, channels, admins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared_lib.statements import send
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator_service.domain.roles import Scope

from . import responsible
from .tables import CertificationRow, MembershipRow, OrganisationRow, PersonRow

MOST_ADMINS = 200
"""More than these are not told instead of a coordinator."""

MENTOR_LOCK = 20_260
"""First half of the advisory lock that makes the events of one mentor take turns."""


@dataclass(frozen=True, kw_only=True)
class Mentor:
    """What the recording of an event needs to know about a mentor."""

    id: str
    organisation_id: str
    certified_until: datetime | None
    tells_all_coordinators: bool


def take_turn(session: Session, mentor_id: str) -> None:
    """Let the events of one mentor follow each other, until the transaction ends.

    Not a lock on his row: that would wait for a directory import which changes him, seconds long.
    """
    send(session, "SELECT pg_advisory_xact_lock(%(lock)s, hashtext(%(id)s))", {"lock": MENTOR_LOCK, "id": mentor_id})


def mentor(session: Session, mentor_id: str, scope: Scope) -> Mentor | None:
    """The mentor, if he is one now and the scope reaches him."""
    query = (
        select(PersonRow.organisation_id, CertificationRow.expires_at, OrganisationRow.tell_all_coordinators)
        .join(OrganisationRow, OrganisationRow.id == PersonRow.organisation_id)
        .outerjoin(CertificationRow, CertificationRow.mentor_id == PersonRow.id)
        .where(PersonRow.id == mentor_id, PersonRow.is_mentor)
    )
    if scope.organisation is not None:
        query = query.where(PersonRow.organisation_id == scope.organisation)
    row = session.execute(query).one_or_none()
    if row is None or not _reaches(session, scope, mentor_id, organisation_id=row.organisation_id):
        return None
    return Mentor(
        id=mentor_id,
        organisation_id=row.organisation_id,
        certified_until=row.expires_at,
        tells_all_coordinators=row.tell_all_coordinators,
    )


def _reaches(session: Session, scope: Scope, mentor_id: str, *, organisation_id: str) -> bool:
    if scope.coordinator is None:
        return True
    candidates = responsible.candidates_of(session, mentor_id, organisation_id=organisation_id)
    return bool(candidates) and candidates[0].coordinator_id == scope.coordinator


def has_chapters(session: Session, mentor_id: str, *, organisation_id: str) -> bool:
    own = (MembershipRow.mentor_id == mentor_id) & (MembershipRow.organisation_id == organisation_id)
    return session.scalar(select(MembershipRow.chapter_id).where(own).limit(1)) is not None


def name_and_email(session: Session, person_id: str, *, organisation_id: str) -> tuple[str, str | None]:
    query = select(PersonRow.name, PersonRow.email)
    row = session.execute(query.where(PersonRow.id == person_id, PersonRow.organisation_id == organisation_id)).one()
    return row.name, row.email


def admins_of(session: Session, organisation_id: str) -> tuple[str, ...]:
    query = select(PersonRow.id).where(PersonRow.organisation_id == organisation_id, PersonRow.is_admin)
    return tuple(session.scalars(query.order_by(PersonRow.id).limit(MOST_ADMINS)))


def channels_of(session: Session, people: Iterable[str], *, organisation_id: str) -> Mapping[str, list[str]]:
    """How each of the people wants to be told."""
    own = PersonRow.id.in_(list(people)) & (PersonRow.organisation_id == organisation_id)
    query = select(PersonRow.id, PersonRow.channels).where(own)
    return {row.id: row.channels for row in session.execute(query)}
