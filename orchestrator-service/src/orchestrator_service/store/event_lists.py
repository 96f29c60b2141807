"""Lists of pause events, newest first, at the same cost however many there are.

Past the mapped classes: to build and look up these statements for every list cost more than to answer it.
"""

from collections.abc import Sequence
from typing import Any

from shared_lib.pagination import Cursor, Page, PageRequest, Slice
from shared_lib.pipeline import Later
from shared_lib.statements import send
from sqlalchemy.orm import Session

from orchestrator_service.domain.event_lists import EventFilter
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.ports import FieldCipher
from orchestrator_service.domain.roles import Scope

from . import dispatch_results, event_counts, pause_events, responsible
from .tables import PauseEventRow

_COLUMNS = ", ".join(column.name for column in PauseEventRow.__table__.columns)
_NEWEST_FIRST = "ORDER BY created_at DESC, id DESC"
_OLDEST_FIRST = "ORDER BY created_at, id"


def page(
    session: Session, cipher: FieldCipher, scope: Scope, wanted: EventFilter, request: PageRequest
) -> Later[Page[PauseEvent]]:
    """What the scope reaches of the wanted events."""
    mentors = _mentors(session, scope, wanted)
    narrowing = _narrowing(scope, wanted)
    conditions = _conditions(narrowing)
    values = {
        **narrowing,
        "mentors": mentors,
        "moment": request.cursor.moment if request.cursor else None,
        "mark_id": request.cursor.id if request.cursor else None,
    }
    place, order = _reading(request)
    if event_counts.covers(wanted):
        total = event_counts.total(session, wanted, organisation_id=scope.organisation, mentors=mentors)
    else:
        total = _counted(session, conditions, values)
    ids = (_ids_of_all if mentors is None else _ids_of_mentors)(conditions, place, order, request)
    # Only where the database might walk far to find nothing is the number read first, at the cost of a journey there.
    if (request.offset or wanted.coordinator_id) and request.offset >= total.value:
        return Later(lambda: _page(cipher, [], {}, request, total.value))
    found = send(session, f"SELECT {_COLUMNS} FROM pause_event WHERE id IN ({ids}) {order}", values)  # noqa: S608 - put together from ours
    results = dispatch_results.of_selected(session, ids, values)
    return found.read(lambda rows: _page(cipher, rows, results.value, request, total.value))


def _page(
    cipher: FieldCipher, rows: Sequence[Any], results: dispatch_results.Results, request: PageRequest, total: int
) -> Page[PauseEvent]:
    found = Slice.cut(rows, request, lambda row: Cursor(row.created_at, row.id))
    return Page.of(found, pause_events.told(cipher, found.items, results), total=total)


def _mentors(session: Session, scope: Scope, wanted: EventFilter) -> Sequence[str] | None:
    """The few mentors that this is about; None when it is about everybody of the organisation, or of all."""
    named = None if wanted.peer_mentor_id is None else [wanted.peer_mentor_id]
    if scope.coordinator is None or scope.organisation is None:
        return named
    own = responsible.mentors_of(session, scope.coordinator, organisation_id=scope.organisation)
    return own if named is None else [mentor for mentor in named if mentor in own]


def _narrowing(scope: Scope, wanted: EventFilter) -> dict[str, Any]:
    """Columns and the values that they must have; the mentors are a condition of their own."""
    named = {"organisation_id": scope.organisation, **vars(wanted)}
    return {name: value for name, value in named.items() if value is not None and name != "peer_mentor_id"}


def _conditions(narrowing: dict[str, Any]) -> str:
    """Only those that narrow anything: a condition that may hold for all keeps the database from using an index.

    The type stands there itself, so that the plan which the database keeps knows whether it is a rare one.
    """
    names = [name for name in narrowing if name != "event_type"]
    event_type = [f"event_type = '{narrowing['event_type'].value}'"] if "event_type" in narrowing else []
    return " AND ".join(["true", *(f"{name} = %({name})s" for name in names), *event_type])


def _counted(session: Session, conditions: str, values: dict[str, Any]) -> Later[int]:
    """How many rows the list has, for a filter that no counter table covers. Walks them."""
    mentors = "true" if values["mentors"] is None else "peer_mentor_id = ANY(%(mentors)s)"
    query = f"SELECT count(*) AS total FROM pause_event WHERE {conditions} AND {mentors}"  # noqa: S608 - as below
    return send(session, query, values).read(lambda rows: int(rows[0].total))


def _reading(request: PageRequest) -> tuple[str, str]:
    """From where in the list, and in which order."""
    if request.is_backwards:
        return "(created_at, id) > (%(moment)s, %(mark_id)s)", _OLDEST_FIRST
    return "true" if request.cursor is None else "(created_at, id) < (%(moment)s, %(mark_id)s)", _NEWEST_FIRST


def _ids_of_all(conditions: str, place: str, order: str, request: PageRequest) -> str:
    return f"SELECT id FROM pause_event WHERE {conditions} AND {place} {order} {_window(request)}"  # noqa: S608 - as below


def _ids_of_mentors(conditions: str, place: str, order: str, request: PageRequest) -> str:
    """Each mentor's first through its own index, then the first of those: never a walk over other people's events.

    That index holds all that narrows them, too. Else the database, which does not know that all events of a mentor are
    of one organisation and mostly of one coordinator, takes them for few and reads them all to have them sorted.
    """
    return f"""
        SELECT id FROM unnest(%(mentors)s::text[]) AS named (mentor_id) CROSS JOIN LATERAL (
            SELECT id, created_at FROM pause_event
            WHERE peer_mentor_id = named.mentor_id AND {conditions} AND {place} {order}
            LIMIT {request.offset + request.limit + 1}
        ) AS own
        {order} {_window(request)}
    """  # noqa: S608 - the conditions are ours, their values are not in them


def _window(request: PageRequest) -> str:
    """Numbers instead of values: a plan for whatever limit is one for a tenth of the table, and reads all of it."""
    return f"LIMIT {request.limit + 1}" + (f" OFFSET {request.offset}" if request.offset else "")
