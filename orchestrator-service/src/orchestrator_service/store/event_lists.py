"""Lists of pause events, newest first, and their totals, at the same cost however many events there are."""

from collections.abc import Sequence
from typing import Any

from shared_lib.database.counter_tables import CounterTable
from shared_lib.pagination import Cursor, Page, PageRequest, Slice
from sqlalchemy import ARRAY, ColumnElement, Select, Text, bindparam, func, literal, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from orchestrator_service.domain.access import AccessScope
from orchestrator_service.domain.pause_events import EventFilter, PauseEvent
from orchestrator_service.domain.ports import FieldCipher

from . import pause_events, people
from .tables import EventCountRow, MentorEventCountRow, PauseEventRow

OF_COORDINATORS = CounterTable(
    table="event_count",
    source="pause_event",
    by={"organisation_id": "text", "coordinator_id": "text", "event_type": "text"},
    values={
        "organisation_id": "row.organisation_id",
        "coordinator_id": "COALESCE(row.coordinator_id, '')",
        "event_type": "row.event_type",
    },
    number="events",
)
"""Kept totals of everything and of one organisation, by coordinator and type."""

OF_MENTORS = CounterTable(
    table="mentor_event_count",
    source="pause_event",
    by={"peer_mentor_id": "text", **OF_COORDINATORS.by},
    values={"peer_mentor_id": "row.peer_mentor_id", **OF_COORDINATORS.values},
    number="events",
)
"""The same by mentor, for lists of a few mentors: too many rows to sum up those of a whole organisation."""

Conditions = dict[str, Any]
"""Columns and the values that they must have; the mentors are a condition of their own."""


def page(
    session: Session, cipher: FieldCipher, scope: AccessScope, wanted: EventFilter, request: PageRequest
) -> Page[PauseEvent]:
    """Those of the wanted events that are in the scope: a statement each for the mentors of a coordinator, the total,
    the rows and their dispatch results.
    """
    mentors = _mentors(session, scope, wanted)
    conditions = _conditions(scope, wanted)
    total = _total(session, conditions, mentors)
    rows = [] if request.offset >= total else _rows(session, conditions, mentors, request)
    found = Slice.cut(rows, request, lambda row: Cursor(row.created_at, row.id))
    return Page.of(found, pause_events.events_of(session, cipher, found.items), total=total)


def _mentors(session: Session, scope: AccessScope, wanted: EventFilter) -> Sequence[str] | None:
    """The few mentors whose events are listed; None for every mentor of the organisation, or of all."""
    named = None if wanted.peer_mentor_id is None else [wanted.peer_mentor_id]
    if scope.coordinator_id is None or scope.organisation_id is None:
        return named
    own = people.mentors_of(session, scope.coordinator_id, organisation_id=scope.organisation_id)
    return own if named is None else [mentor for mentor in named if mentor in own]


def _conditions(scope: AccessScope, wanted: EventFilter) -> Conditions:
    named = {"organisation_id": scope.organisation_id, **vars(wanted)}
    return {name: value for name, value in named.items() if value is not None and name != "peer_mentor_id"}


def _total(session: Session, conditions: Conditions, mentors: Sequence[str] | None) -> int:
    """From a counter table that has all these columns; else it counts the rows."""
    row: type[Any] = EventCountRow if mentors is None else MentorEventCountRow
    if conditions.keys() <= OF_COORDINATORS.by.keys():
        query = select(func.coalesce(func.sum(row.events), 0).label("total"))
    else:
        row = PauseEventRow
        query = select(func.count().label("total")).select_from(row)
    query = query.where(*_equal(row, conditions))
    return int(session.scalar(query if mentors is None else query.where(_among(row.peer_mentor_id, mentors))) or 0)


def _rows(
    session: Session, conditions: Conditions, mentors: Sequence[str] | None, request: PageRequest
) -> Sequence[Any]:
    """In the order of reading, one more than the page holds.

    The ids come first, each from an index that has every column of the conditions and of the order.
    """
    narrowed = [*_equal(PauseEventRow, conditions), *_beyond(request)]
    order = _order(PauseEventRow.created_at, PauseEventRow.id, request)
    if mentors is None:
        ids = select(PauseEventRow.id).where(*narrowed).order_by(*order)
        ids = ids.limit(_in_text(request.limit + 1)).offset(_offset(request))
    else:
        ids = _ids_of_mentors(mentors, narrowed, request)
    query: Select[*tuple[Any, ...]] = select(*pause_events.COLUMNS).where(PauseEventRow.id.in_(ids))
    return session.execute(query.order_by(*order)).all()


def _ids_of_mentors(mentors: Sequence[str], narrowed: Sequence[ColumnElement[bool]], request: PageRequest) -> Any:
    """Each mentor's first through their own index, then the first of those: other people's events are never read.

    That index has every column of the conditions. Without it PostgreSQL, which does not know that all events of a
    mentor are of one organisation and mostly of one coordinator, expects few, reads all of them and sorts.
    """
    named = (
        func.unnest(bindparam("mentors", list(mentors), ARRAY(Text)))
        .table_valued("mentor_id", name="named")
        .render_derived()
    )
    own = (
        select(PauseEventRow.id, PauseEventRow.created_at)
        .where(PauseEventRow.peer_mentor_id == named.c.mentor_id, *narrowed)
        .order_by(*_order(PauseEventRow.created_at, PauseEventRow.id, request))
        .limit(_in_text(request.offset + request.limit + 1))
        .lateral("own")
    )
    first = select(own.c.id).select_from(named.join(own, true())).order_by(*_order(own.c.created_at, own.c.id, request))
    return first.limit(_in_text(request.limit + 1)).offset(_offset(request))


def _order(moment: Any, row_id: Any, request: PageRequest) -> tuple[Any, Any]:
    return (moment, row_id) if request.is_backwards else (moment.desc(), row_id.desc())


def _beyond(request: PageRequest) -> list[ColumnElement[bool]]:
    if request.cursor is None:
        return []
    place = tuple_(PauseEventRow.created_at, PauseEventRow.id)
    cursor = tuple_(literal(request.cursor.moment, PauseEventRow.created_at.type), literal(request.cursor.id, Text))
    return [place > cursor if request.is_backwards else place < cursor]


def _equal(row: type[Any], conditions: Conditions) -> list[ColumnElement[bool]]:
    """Only those that narrow anything: a condition that may hold for all keeps the database from using an index."""
    return [
        getattr(row, name) == (_in_text(value) if name == "event_type" else value) for name, value in conditions.items()
    ]


def _offset(request: PageRequest) -> Any:
    return _in_text(request.offset) if request.offset else None


def _in_text(value: Any) -> Any:
    """A number or code that stands in the statement itself, so that the plan which PostgreSQL keeps is made for it: a
    plan for any limit or any type reads a tenth of the table.
    """
    return bindparam(None, value, literal_execute=True, unique=True)


def _among(column: InstrumentedAttribute[str], values: Sequence[str]) -> ColumnElement[bool]:
    return column == func.any(bindparam("mentors", list(values), ARRAY(Text)))
