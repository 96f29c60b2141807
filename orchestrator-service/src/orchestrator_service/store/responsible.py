"""Who is responsible for a mentor: the one place that knows the order of precedence."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, collate, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from orchestrator_service.domain.responsibility import Candidate

from .tables import AssignmentRow, MembershipRow, PersonRow

_IN_ORDER = (
    AssignmentRow.is_primary.desc(),
    collate(AssignmentRow.chapter_id, "C"),
    AssignmentRow.since,
    collate(AssignmentRow.coordinator_id, "C"),
)
_SAME_CHAPTER = (AssignmentRow.organisation_id == MembershipRow.organisation_id) & (
    AssignmentRow.chapter_id == MembershipRow.chapter_id
)


def candidates_of(session: Session, mentor_id: str, *, organisation_id: str) -> Sequence[Candidate]:
    """The coordinators who may be responsible for the mentor, the one who is first."""
    rows = session.execute(
        _candidates(
            AssignmentRow.coordinator_id, AssignmentRow.chapter_id, AssignmentRow.is_primary, AssignmentRow.since
        )
        .where(MembershipRow.mentor_id == mentor_id, MembershipRow.organisation_id == organisation_id)
        .order_by(*_IN_ORDER)
    )
    return [Candidate(**row._mapping) for row in rows]


def all_responsible() -> Select[*tuple[Any, ...]]:
    """Mentor and responsible coordinator, for every mentor who has one."""
    return (
        _candidates(MembershipRow.mentor_id, AssignmentRow.coordinator_id)
        .ext(distinct_on(MembershipRow.mentor_id))
        .order_by(MembershipRow.mentor_id, *_IN_ORDER)
    )


def mentors_of(session: Session, coordinator_id: str, *, organisation_id: str) -> list[str]:
    """The mentors that a coordinator is responsible for now."""
    within_reach = (
        select(MembershipRow.mentor_id)
        .join(AssignmentRow, _SAME_CHAPTER)
        .where(AssignmentRow.coordinator_id == coordinator_id, AssignmentRow.organisation_id == organisation_id)
    )
    responsible = all_responsible().where(MembershipRow.mentor_id.in_(within_reach)).subquery()
    return list(session.scalars(select(responsible.c.mentor_id).where(responsible.c.coordinator_id == coordinator_id)))


def _candidates(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Active assignments to a mentor's chapters of people of his organisation who are coordinators now."""
    return (
        select(*columns)
        .select_from(MembershipRow)
        .join(AssignmentRow, _SAME_CHAPTER)
        .join(PersonRow, PersonRow.id == AssignmentRow.coordinator_id)
        .where(
            AssignmentRow.active, PersonRow.is_coordinator, PersonRow.organisation_id == MembershipRow.organisation_id
        )
    )
