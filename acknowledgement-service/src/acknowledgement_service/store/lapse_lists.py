"""Lists of lapse records, newest first or by expiry, at the same cost however many there are."""

from collections.abc import Callable
from datetime import datetime

from shared_lib.pagination import Cursor, Page, PageRequest, Slice
from shared_lib.statements import plan_by_values
from sqlalchemy import ColumnElement, Uuid, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from acknowledgement_service.domain.model import Filters, Lapse, Sort
from acknowledgement_service.domain.visitor import Scope

from . import lapse_counts
from .lapses import lapse_of, within
from .tables import MOMENT, LapseRow


def page(session: Session, filters: Filters, request: PageRequest, *, scope: Scope) -> Page[Lapse]:
    """A page of what is in the scope: newest first, or the soonest expiry first; the id breaks ties."""
    plan_by_values(session)
    conditions = [*within(scope), *_narrowed(filters)]
    total = _total(session, filters, scope, conditions)
    lapses = _found(session, filters.sort, conditions, request) if total > request.offset else []
    found = Slice.cut(lapses, request, _mark(filters.sort))
    return Page.of(found, found.items, total=total)


def _found(session: Session, sort: Sort, conditions: list[ColumnElement[bool]], request: PageRequest) -> list[Lapse]:
    """In the order of reading, and one more than asked for."""
    moment = _moment(sort)
    rises = (sort is Sort.EXPIRY) != request.is_backwards
    order = (moment.asc(), LapseRow.id.asc()) if rises else (moment.desc(), LapseRow.id.desc())
    if request.cursor is not None:
        place = tuple_(moment, LapseRow.id)
        mark = tuple_(literal(request.cursor.moment, MOMENT), literal(request.cursor.id, Uuid()))
        conditions = [*conditions, place > mark if rises else place < mark]
    statement = select(LapseRow).where(*conditions).order_by(*order).offset(request.offset).limit(request.limit + 1)
    return [lapse_of(row) for row in session.scalars(statement)]


def _moment(sort: Sort) -> InstrumentedAttribute[datetime]:
    return LapseRow.expiry_date if sort is Sort.EXPIRY else LapseRow.created_at


def _mark(sort: Sort) -> Callable[[Lapse], Cursor]:
    name = _moment(sort).key
    return lambda lapse: Cursor(getattr(lapse, name), lapse.id)


def _total(session: Session, filters: Filters, scope: Scope, conditions: list[ColumnElement[bool]]) -> int:
    """The kept count where it covers the filters, else the rows under the conditions of the list."""
    if lapse_counts.covers(filters):
        return lapse_counts.total(session, filters, scope=scope)
    return session.scalar(select(func.count()).select_from(LapseRow).where(*conditions)) or 0


def _narrowed(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.coordinator_id is not None:
        conditions.append(LapseRow.coordinator_id == filters.coordinator_id)
    if filters.mentor_id is not None:
        conditions.append(LapseRow.mentor_id == filters.mentor_id)
    if filters.is_acknowledged is not None:
        empty = LapseRow.acknowledged_at.is_(None)
        conditions.append(~empty if filters.is_acknowledged else empty)
    return conditions
