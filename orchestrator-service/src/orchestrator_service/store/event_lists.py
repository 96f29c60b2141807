"""Lists of pause events, newest first, and their totals, at the same cost however many events there are."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from shared_lib.database.counter_tables import CounterTable
from shared_lib.pagination import Cursor, Page, PageRequest, Slice
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Text,
    bindparam,
    func,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import AccessScope
from orchestrator_service.domain.pause_events import EventFilter, PauseEvent

from . import pause_events, people
from .tables import EventCountRow, MentorEventCountRow, PauseEventRow

OF_COORDINATORS = CounterTable(
    table="event_count",
    source="pause_event",
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
    values={"peer_mentor_id": "row.peer_mentor_id", **OF_COORDINATORS.values},
    number="events",
)
"""The same by mentor, for lists of a few mentors: too many rows to sum up those of a whole organisation."""

PLACE = ("mentors", "limit", "offset", "each", "moment", "cursor_id")
"""Parameters of the statements beside the columns that a list is narrowed by."""


def page(
    session: Session,
    cipher: FieldCipher,
    scope: AccessScope,
    wanted: EventFilter,
    request: PageRequest,
    *,
    at: datetime,
) -> Page[PauseEvent]:
    """Those of the wanted events that are in the scope at this time: a statement for the mentors of a coordinator, and
    one for the rows with their dispatch results and the total, which has one of its own only where there are no rows.
    """
    values = {"organisation_id": scope.organisation_id, **vars(wanted), "mentors": _mentors(session, scope, wanted, at)}
    values = {name: value for name, value in values.items() if value is not None and name != "peer_mentor_id"}
    rows = _rows(session, values, request)
    total = int((rows[0].total if rows else session.scalar(_total(frozenset(values)), values)) or 0)
    found = Slice.cut(rows, request, lambda row: Cursor(row.created_at, row.id))
    return Page.of(found, [pause_events.event_of(cipher, row) for row in found.items], total=total)


def _mentors(session: Session, scope: AccessScope, wanted: EventFilter, at: datetime) -> Sequence[str] | None:
    """The few mentors whose events are listed; None for every mentor of the organisation, or of all."""
    named = None if wanted.peer_mentor_id is None else [wanted.peer_mentor_id]
    if scope.coordinator_id is None or scope.organisation_id is None:
        return named
    own = people.mentors_of(session, scope.coordinator_id, organisation_id=scope.organisation_id, at=at)
    return own if named is None else [mentor for mentor in named if mentor in own]


def _rows(session: Session, narrowed: dict[str, Any], request: PageRequest) -> Sequence[Any]:
    """In the order of reading, one more than the page holds."""
    values = {**narrowed, "limit": request.limit + 1}
    if request.offset:
        values["offset"] = request.offset
    if "mentors" in values:
        values["each"] = request.offset + request.limit + 1
    if request.cursor is not None:
        values |= {"moment": request.cursor.moment, "cursor_id": request.cursor.id}
    statement = _page(frozenset(narrowed), frozenset(values), request.is_backwards)
    return session.connection().execute(statement, values).all()  # Core: the ORM brings nothing for rows


# A statement is built once for each set of parameters: to build it costs several times what it costs to run it.


@cache
def _total(names: frozenset[str]) -> Select[tuple[int]]:
    """The statement for a total: from a counter table that has all these columns; else it counts the rows."""
    row: type[Any] = MentorEventCountRow if "mentors" in names else EventCountRow
    if names - {"mentors"} <= OF_COORDINATORS.values.keys():
        query = select(func.coalesce(func.sum(row.events), 0).label("total"))
    else:
        row = PauseEventRow
        query = select(func.count().label("total")).select_from(row)
    query = query.where(*_narrowed(row, names))
    return (
        query.where(row.peer_mentor_id == func.any(_parameter("mentors", ARRAY(Text)))) if "mentors" in names else query
    )


@cache
def _page(narrowed: frozenset[str], names: frozenset[str], is_backwards: bool) -> Select[*tuple[Any, ...]]:
    """The statement for the rows of a page, each with the total of the list, which is narrowed by `narrowed` alone.

    The ids come first, each from an index that has every column of the conditions and of the order. None is read when
    the total says that there are none on this page.
    """
    counted = _total(narrowed).cte("counted")
    total = select(counted.c.total).scalar_subquery()
    ids = _ids_of_mentors(names, is_backwards) if "mentors" in names else _ids(names, is_backwards)
    offset = _in_text("offset", Integer) if "offset" in names else literal(0)
    ids = ids.where(total > offset).limit(_in_text("limit", Integer)).offset(offset if "offset" in names else None)
    query: Select[*tuple[Any, ...]] = select(*pause_events.COLUMNS, total.label("total"))
    query = query.where(PauseEventRow.id.in_(ids))
    return query.order_by(*_order(PauseEventRow.created_at, PauseEventRow.id, is_backwards))


def _ids(names: Iterable[str], is_backwards: bool) -> Select[*tuple[Any, ...]]:
    query = select(PauseEventRow.id).where(*_narrowed(PauseEventRow, names), *_beyond(names, is_backwards))
    return query.order_by(*_order(PauseEventRow.created_at, PauseEventRow.id, is_backwards))


def _ids_of_mentors(names: Iterable[str], is_backwards: bool) -> Select[*tuple[Any, ...]]:
    """Each mentor's first through their own index, then the first of those: other people's events are never read.

    That index has every column of the conditions. Without it PostgreSQL, which does not know that all events of a
    mentor are of one organisation and mostly of one coordinator, expects few, reads all of them and sorts.
    """
    mentors = func.unnest(_parameter("mentors", ARRAY(Text)))
    named = mentors.table_valued("mentor_id", name="named").render_derived()
    own = (
        select(PauseEventRow.id, PauseEventRow.created_at)
        .where(
            PauseEventRow.peer_mentor_id == named.c.mentor_id,
            *_narrowed(PauseEventRow, names),
            *_beyond(names, is_backwards),
        )
        .order_by(*_order(PauseEventRow.created_at, PauseEventRow.id, is_backwards))
        .limit(_in_text("each", Integer))
        .lateral("own")
    )
    first = select(own.c.id).select_from(named.join(own, true()))
    return first.order_by(*_order(own.c.created_at, own.c.id, is_backwards))


def _order(moment: Any, row_id: Any, is_backwards: bool) -> tuple[Any, Any]:
    return (moment, row_id) if is_backwards else (moment.desc(), row_id.desc())


def _narrowed(row: type[Any], names: Iterable[str]) -> list[ColumnElement[bool]]:
    """Only those that narrow anything: a condition that may hold for all keeps the database from using an index."""
    columns = sorted(name for name in names if name not in PLACE)
    return [
        getattr(row, name) == (_in_text(name, Text) if name == "event_type" else _parameter(name, Text))
        for name in columns
    ]


def _beyond(names: Iterable[str], is_backwards: bool) -> list[ColumnElement[bool]]:
    if "moment" not in names:
        return []
    place = tuple_(PauseEventRow.created_at, PauseEventRow.id)
    cursor = tuple_(_parameter("moment", DateTime(timezone=True)), _parameter("cursor_id", Text))
    return [place > cursor if is_backwards else place < cursor]


def _parameter(name: str, type_: Any) -> BindParameter[Any]:
    return bindparam(name, type_=type_)


def _in_text(name: str, type_: Any) -> BindParameter[Any]:
    """A number or code that stands in the statement itself, so that the plan which PostgreSQL keeps is made for it: a
    plan for any limit or any type reads a tenth of the table.
    """
    return bindparam(name, type_=type_, literal_execute=True)
