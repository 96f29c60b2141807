"""Lists of pauses, whether open or ended, with what is said about each."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from shared_lib.pagination import Cursor, Page, PageRequest, Slice
from sqlalchemy import ColumnElement, Date, Select, cast, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from orchestrator_service.domain.access import AccessScope
from orchestrator_service.domain.pauses import (
    Cause,
    ListedPause,
    PauseFilter,
    PauseOrder,
    PauseState,
    RecordedBy,
    days_overdue,
)

from . import people
from .pauses import IS_OPEN, IS_PAUSE
from .tables import MembershipRow, OrganisationRow, PauseEventRow, PersonRow

SOON = timedelta(days=14)
_NO_DATE = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
"""Stands for a missing return date in the order of return dates."""

_MOMENTS: Mapping[PauseOrder, Any] = {
    PauseOrder.NEWEST: PauseEventRow.created_at,
    PauseOrder.RETURN_DATE: func.coalesce(PauseEventRow.expected_return_date, _NO_DATE),
}
_Recorder = aliased(PersonRow)
_is_open = IS_OPEN & PersonRow.is_mentor


def page(
    session: Session, scope: AccessScope, wanted: PauseFilter, request: PageRequest, *, at: datetime
) -> Page[ListedPause]:
    """Those of the wanted pauses that are in the scope at this time."""
    conditions = _conditions(session, scope, wanted, at)
    total = session.scalar(_joined(func.count()).where(*conditions)) or 0
    rows = session.execute(_page(conditions, wanted.sort, request)).all() if total > request.offset else []
    found = Slice.cut(rows, request, lambda row: Cursor(row.moment, row.id))
    mentors = {row.peer_mentor_id for row in found.items}
    chapters, coordinators = _chapters_of(session, mentors), _coordinators_of(session, mentors, at)
    items = [
        _listed(row, chapters.get(row.peer_mentor_id, ()), coordinators.get(row.peer_mentor_id), at)
        for row in found.items
    ]
    return Page.of(found, items, total=total)


def _joined(*columns: Any) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(*columns).select_from(PauseEventRow)
    query = query.join(PersonRow, PersonRow.id == PauseEventRow.peer_mentor_id)
    return query.join(OrganisationRow, OrganisationRow.id == PauseEventRow.organisation_id)


def _page(conditions: Sequence[ColumnElement[bool]], sort: PauseOrder, request: PageRequest) -> Select[Any]:
    moment = _MOMENTS[sort].label("moment")
    query = _joined(
        PauseEventRow.id,
        moment,
        PauseEventRow.peer_mentor_id,
        PersonRow.name.label("mentor_name"),
        PauseEventRow.effective_date,
        PauseEventRow.expected_return_date,
        PauseEventRow.cause,
        PauseEventRow.recorded_by_id,
        PauseEventRow.recorded_by_role,
        _Recorder.name.label("recorder_name"),
        PauseEventRow.encrypted_reason.is_not(None).label("has_reason"),
        PauseEventRow.ended_at,
        _is_open.label("is_open"),
        OrganisationRow.time_zone,
    ).outerjoin(
        _Recorder,
        (_Recorder.id == PauseEventRow.recorded_by_id) & (_Recorder.organisation_id == PauseEventRow.organisation_id),
    )
    is_descending = (sort is PauseOrder.NEWEST) is not request.is_backwards
    order = (_MOMENTS[sort], PauseEventRow.id)
    if request.cursor is not None:
        place, cursor = tuple_(*order), tuple_(request.cursor.moment, request.cursor.id)
        query = query.where(place < cursor if is_descending else place > cursor)
    query = query.where(*conditions).order_by(*(each.desc() if is_descending else each.asc() for each in order))
    return query.limit(request.limit + 1).offset(request.offset)


def _conditions(
    session: Session, scope: AccessScope, wanted: PauseFilter, at: datetime
) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [IS_PAUSE]
    if scope.organisation_id is not None:
        found.append(PauseEventRow.organisation_id == scope.organisation_id)
    for coordinator_id in {scope.coordinator_id, wanted.coordinator_id} - {None}:
        found.append(PauseEventRow.peer_mentor_id.in_(_mentors_of(session, str(coordinator_id), at)))
    if wanted.chapter_id is not None:
        of_mentor = MembershipRow.mentor_id == PauseEventRow.peer_mentor_id
        found.append(exists().where(of_mentor, MembershipRow.chapter_id == wanted.chapter_id))
    if wanted.cause is not None:
        found.append(PauseEventRow.cause == wanted.cause.value)
    return found + ([] if wanted.state is None else _of_state(wanted.state, at))


def _of_state(state: PauseState, at: datetime) -> list[ColumnElement[bool]]:
    """Days are those of the organisation's calendar."""
    returns = cast(func.timezone(OrganisationRow.time_zone, PauseEventRow.expected_return_date), Date)
    today = cast(func.timezone(OrganisationRow.time_zone, at), Date)
    rules: Mapping[PauseState, list[ColumnElement[bool]]] = {
        PauseState.OPEN: [_is_open],
        PauseState.OVERDUE: [_is_open, returns < today],
        PauseState.DUE_SOON: [_is_open, returns.between(today, today + SOON.days)],
        PauseState.OPEN_ENDED: [_is_open, PauseEventRow.expected_return_date.is_(None)],
        PauseState.ENDED: [PauseEventRow.ended_at.is_not(None)],
    }
    return rules[state]


def _mentors_of(session: Session, coordinator_id: str, at: datetime) -> Sequence[str]:
    """The mentors for whom the coordinator is responsible at this time; none for an unknown coordinator."""
    organisation_id = session.scalar(select(PersonRow.organisation_id).where(PersonRow.id == coordinator_id))
    if organisation_id is None:
        return []
    return people.mentors_of(session, coordinator_id, organisation_id=organisation_id, at=at)


def _chapters_of(session: Session, mentors: set[str]) -> Mapping[str, Sequence[str]]:
    chapters = func.array_agg(aggregate_order_by(MembershipRow.chapter_id, MembershipRow.chapter_id))
    query = select(MembershipRow.mentor_id, chapters).where(MembershipRow.mentor_id.in_(mentors))
    return {mentor_id: found for mentor_id, found in session.execute(query.group_by(MembershipRow.mentor_id))}


def _coordinators_of(session: Session, mentors: set[str], at: datetime) -> Mapping[str, str]:
    query = people.all_responsible(at).where(MembershipRow.mentor_id.in_(mentors))
    return {mentor_id: coordinator_id for mentor_id, coordinator_id in session.execute(query)}


def _listed(row: Any, chapter_ids: Sequence[str], coordinator_id: str | None, at: datetime) -> ListedPause:
    overdue = days_overdue(row.expected_return_date, at=at, time_zone=row.time_zone) if row.is_open else 0
    return ListedPause(
        id=row.id,
        peer_mentor_id=row.peer_mentor_id,
        peer_mentor_name=row.mentor_name,
        chapter_ids=chapter_ids,
        effective_date=row.effective_date,
        expected_return_date=row.expected_return_date,
        days_overdue=overdue,
        cause=Cause(row.cause),
        recorded_by=RecordedBy(role=row.recorded_by_role, id=row.recorded_by_id, name=row.recorder_name),
        coordinator_id=coordinator_id,
        has_reason=row.has_reason,
        ended_at=row.ended_at,
    )
