"""Reading the directory: mentors, the order of precedence of their coordinators, names, channels and admins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared_lib.database.engine import Turn
from shared_lib.database.row_level_security import TenantScope, all_tenants, tenant
from sqlalchemy import BindParameter, Select, Text, bindparam, collate, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import GLOBAL_ADMIN, AccessScope
from orchestrator_service.domain.responsibility import Candidate

from .tables import AssignmentRow, CertificationRow, MembershipRow, OrganisationRow, PersonRow

MAX_ADMINS = 200
"""More than these do not receive a notice instead of a coordinator."""

MENTOR_LOCK = 20_260
"""First half of the advisory lock that makes the events of one mentor take turns."""

Moment = datetime | BindParameter[datetime]
_AT = bindparam("at", type_=AssignmentRow.since.type)
_IN_ORDER = (
    AssignmentRow.is_primary.desc(),
    collate(AssignmentRow.chapter_id, "C"),
    AssignmentRow.since,
    collate(AssignmentRow.coordinator_id, "C"),
)
_SAME_CHAPTER = (AssignmentRow.organisation_id == MembershipRow.organisation_id) & (
    AssignmentRow.chapter_id == MembershipRow.chapter_id
)


def _candidates(*columns: Any, at: Moment) -> Select[*tuple[Any, ...]]:
    """Assignments in force to a mentor's chapters, of people of the same organisation who are coordinators now."""
    is_in_force = AssignmentRow.active & (AssignmentRow.since <= at)
    return (
        select(*columns)
        .select_from(MembershipRow)
        .join(AssignmentRow, _SAME_CHAPTER)
        .join(PersonRow, PersonRow.id == AssignmentRow.coordinator_id)
        .where(
            is_in_force & (AssignmentRow.until.is_(None) | (AssignmentRow.until > at)),
            PersonRow.is_coordinator,
            PersonRow.organisation_id == MembershipRow.organisation_id,
        )
    )


def all_responsible(at: Moment) -> Select[*tuple[Any, ...]]:
    """Selects mentor and the coordinator responsible at this time, for every mentor who has one."""
    return (
        _candidates(MembershipRow.mentor_id, AssignmentRow.coordinator_id, at=at)
        .ext(distinct_on(MembershipRow.mentor_id))
        .order_by(MembershipRow.mentor_id, *_IN_ORDER)
    )


def _mentors_of() -> Select[tuple[str]]:
    own = AssignmentRow.organisation_id == bindparam("organisation_id")
    assigned = select(MembershipRow.mentor_id).join(AssignmentRow, _SAME_CHAPTER)
    assigned = assigned.where(AssignmentRow.coordinator_id == bindparam("coordinator_id"), own)
    responsible = all_responsible(_AT).where(MembershipRow.mentor_id.in_(assigned)).subquery()
    return select(responsible.c.mentor_id).where(responsible.c.coordinator_id == bindparam("coordinator_id"))


# Built once: to build a statement of several tables costs more than to run it.
_TAKE_TURN = select(func.pg_advisory_xact_lock(MENTOR_LOCK, func.hashtext(bindparam("mentor_id", type_=Text))))
_MENTORS_OF = _mentors_of()
_CANDIDATES_OF = (
    _candidates(
        AssignmentRow.coordinator_id,
        AssignmentRow.chapter_id,
        AssignmentRow.is_primary,
        AssignmentRow.since,
        at=_AT,
    )
    .where(
        MembershipRow.mentor_id == bindparam("mentor_id"), MembershipRow.organisation_id == bindparam("organisation_id")
    )
    .order_by(*_IN_ORDER)
)


@dataclass(frozen=True, kw_only=True)
class Mentor:
    """What the recording of an event needs to know about a mentor."""

    id: str
    organisation_id: str
    certified_until: datetime | None
    tells_all_coordinators: bool
    time_zone: str


def tenant_scope_of(scope: AccessScope) -> TenantScope:
    """The rows that a transaction for this scope sees: its organisation's; those of all for a global admin alone."""
    return all_tenants(GLOBAL_ADMIN) if scope.organisation_id is None else tenant(scope.organisation_id)


def turn_of(mentor_id: str) -> Turn:
    """The turn of transactions that record events of this mentor. See `take_turn`."""
    return Turn(MENTOR_LOCK, mentor_id)


def take_turn(session: Session, mentor_id: str) -> None:
    """Let the events of one mentor follow each other, until the transaction ends.

    Not a lock on the mentor's row: that would wait for a directory import which changes it, seconds long.
    """
    session.execute(_TAKE_TURN, {"mentor_id": mentor_id})


def mentor(session: Session, mentor_id: str, scope: AccessScope, *, at: datetime) -> Mentor | None:
    """The mentor, if the person is one now and is in the scope at this time."""
    query = (
        select(
            PersonRow.organisation_id,
            CertificationRow.expires_at,
            OrganisationRow.tell_all_coordinators,
            OrganisationRow.time_zone,
        )
        .join(OrganisationRow, OrganisationRow.id == PersonRow.organisation_id)
        .outerjoin(CertificationRow, CertificationRow.mentor_id == PersonRow.id)
        .where(PersonRow.id == mentor_id, PersonRow.is_mentor)
    )
    if scope.organisation_id is not None:
        query = query.where(PersonRow.organisation_id == scope.organisation_id)
    row = session.execute(query).one_or_none()
    if row is None or not is_visible(session, scope, mentor_id, organisation_id=row.organisation_id, at=at):
        return None
    return Mentor(
        id=mentor_id,
        organisation_id=row.organisation_id,
        certified_until=row.expires_at,
        tells_all_coordinators=row.tell_all_coordinators,
        time_zone=row.time_zone,
    )


def is_mentor(session: Session, person_id: str) -> bool:
    """Whether the person is a mentor now."""
    return bool(session.scalar(select(PersonRow.is_mentor).where(PersonRow.id == person_id)))


def is_visible(session: Session, scope: AccessScope, mentor_id: str, *, organisation_id: str, at: datetime) -> bool:
    """Whether the scope's coordinator, if it has one, is responsible for the mentor at this time."""
    if scope.coordinator_id is None:
        return True
    candidates = candidates_of(session, mentor_id, organisation_id=organisation_id, at=at)
    return bool(candidates) and candidates[0].coordinator_id == scope.coordinator_id


def candidates_of(session: Session, mentor_id: str, *, organisation_id: str, at: datetime) -> Sequence[Candidate]:
    """The coordinators who may be responsible for the mentor at this time, in the order of precedence."""
    values = {"mentor_id": mentor_id, "organisation_id": organisation_id, "at": at}
    rows = session.execute(_CANDIDATES_OF, values)
    return [Candidate(**row) for row in rows.mappings()]


def candidates_of_many(session: Session, mentors: Iterable[str], *, at: datetime) -> Sequence[tuple[str, Candidate]]:
    """The same for several mentors: mentor and candidate, mentor by mentor."""
    columns = (AssignmentRow.coordinator_id, AssignmentRow.chapter_id, AssignmentRow.is_primary, AssignmentRow.since)
    query = _candidates(MembershipRow.mentor_id, *columns, at=at).where(MembershipRow.mentor_id.in_(list(mentors)))
    rows = session.execute(query.order_by(MembershipRow.mentor_id, *_IN_ORDER)).mappings()
    return [(row["mentor_id"], Candidate(**{column.key: row[column.key] for column in columns})) for row in rows]


def mentors_of(session: Session, coordinator_id: str, *, organisation_id: str, at: datetime) -> list[str]:
    """The mentors that a coordinator is responsible for at this time."""
    values = {"coordinator_id": coordinator_id, "organisation_id": organisation_id, "at": at}
    return list(session.scalars(_MENTORS_OF, values))


def has_chapters(session: Session, mentor_id: str, *, organisation_id: str) -> bool:
    own = (MembershipRow.mentor_id == mentor_id) & (MembershipRow.organisation_id == organisation_id)
    return session.scalar(select(MembershipRow.chapter_id).where(own).limit(1)) is not None


def name_and_email(session: Session, person_id: str, *, organisation_id: str) -> tuple[str, str | None]:
    query = select(PersonRow.name, PersonRow.email)
    row = session.execute(query.where(PersonRow.id == person_id, PersonRow.organisation_id == organisation_id)).one()
    return row.name, row.email


def organisations(session: Session) -> list[str]:
    return list(session.scalars(select(OrganisationRow.id).order_by(OrganisationRow.id)))


def names_of(session: Session, people: Iterable[str]) -> Mapping[str, str]:
    """The names of people, by id."""
    query = select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(list(people)))
    return {row.id: row.name for row in session.execute(query)}


def admins_of(session: Session, organisation_id: str) -> tuple[str, ...]:
    query = select(PersonRow.id).where(PersonRow.organisation_id == organisation_id, PersonRow.is_admin)
    return tuple(session.scalars(query.order_by(PersonRow.id).limit(MAX_ADMINS)))


def channels_of(session: Session, people: Iterable[str], *, organisation_id: str) -> Mapping[str, list[str]]:
    """The channels over which each of the people receives notices."""
    own = PersonRow.id.in_(list(people)) & (PersonRow.organisation_id == organisation_id)
    query = select(PersonRow.id, PersonRow.channels).where(own)
    return {row.id: row.channels for row in session.execute(query)}
