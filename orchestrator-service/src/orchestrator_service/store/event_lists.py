"""Lists of pause events, newest first, at the same cost however many there are.

Past the mapped classes: to build and look up these statements for every list cost more than to answer it.
"""

from collections.abc import Sequence
from typing import Any

from shared_lib.paging import Mark, Page, PageRequest, Portion
from shared_lib.statements import ask, ask_one
from sqlalchemy.orm import Session

from orchestrator_service.domain.event_lists import EventFilter
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.ports import Vault
from orchestrator_service.domain.roles import Scope

from . import event_counts, pause_events, responsible
from .tables import PauseEventRow

_COLUMNS = ", ".join(column.name for column in PauseEventRow.__table__.columns)
_NEWEST_FIRST = "ORDER BY created_at DESC, id DESC"
_OLDEST_FIRST = "ORDER BY created_at, id"


def page(session: Session, vault: Vault, scope: Scope, wanted: EventFilter, request: PageRequest) -> Page[PauseEvent]:
    """What the scope reaches of the wanted events."""
    mentors = _mentors(session, scope, wanted)
    values = {
        "organisation_id": scope.organisation,
        "event_type": wanted.event_type.value if wanted.event_type else None,
        "coordinator_id": wanted.coordinator_id,
        "mentors": mentors,
        "moment": request.mark.moment if request.mark else None,
        "mark_id": request.mark.id if request.mark else None,
        "offset": request.offset,
        "limit": request.limit + 1,
        "reach": request.offset + request.limit + 1,
    }
    conditions = _conditions(values)
    place, order = _reading(request)
    if mentors is None:
        total = event_counts.total(session, wanted, organisation_id=scope.organisation)
        ids = _ids_of_all(f"{conditions} AND {place}", order)
    else:
        total = int(ask_one(session, _count_of_mentors(conditions), values).total)
        ids = _ids_of_mentors(f"{conditions} AND {place}", order)
    rows = ask(session, f"SELECT {_COLUMNS} FROM pause_event WHERE id IN ({ids}) {order}", values)  # noqa: S608
    found = Portion.cut(rows, request, lambda row: Mark(row.created_at, row.id))
    return Page.of(found, pause_events.events_of(session, vault, found.items), total=total)


def _mentors(session: Session, scope: Scope, wanted: EventFilter) -> Sequence[str] | None:
    """The few mentors that this is about; None when it is about everybody of the organisation, or of all."""
    named = None if wanted.peer_mentor_id is None else [wanted.peer_mentor_id]
    if scope.coordinator is None or scope.organisation is None:
        return named
    own = responsible.mentors_of(session, scope.coordinator, organisation_id=scope.organisation)
    return own if named is None else [mentor for mentor in named if mentor in own]


def _conditions(values: dict[str, Any]) -> str:
    """Only those that narrow anything: a condition that may hold for all keeps the database from using an index."""
    names = ("organisation_id", "event_type", "coordinator_id")
    return " AND ".join(["true", *(f"{name} = %({name})s" for name in names if values[name] is not None)])


def _reading(request: PageRequest) -> tuple[str, str]:
    """From where in the list, and in which order."""
    if request.is_backwards:
        return "(created_at, id) > (%(moment)s, %(mark_id)s)", _OLDEST_FIRST
    return "true" if request.mark is None else "(created_at, id) < (%(moment)s, %(mark_id)s)", _NEWEST_FIRST


def _ids_of_all(conditions: str, order: str) -> str:
    return f"SELECT id FROM pause_event WHERE {conditions} {order} OFFSET %(offset)s LIMIT %(limit)s"  # noqa: S608


def _ids_of_mentors(conditions: str, order: str) -> str:
    """Each mentor's first through its own index, then the first of those: never a walk over other people's events."""
    return f"""
        SELECT id FROM unnest(%(mentors)s::text[]) AS named (mentor_id) CROSS JOIN LATERAL (
            SELECT id, created_at FROM pause_event
            WHERE peer_mentor_id = named.mentor_id AND {conditions} {order} LIMIT %(reach)s
        ) AS own
        {order} OFFSET %(offset)s LIMIT %(limit)s
    """  # noqa: S608 - the conditions are ours, their values are not in them


def _count_of_mentors(conditions: str) -> str:
    return f"SELECT count(*) AS total FROM pause_event WHERE peer_mentor_id = ANY(%(mentors)s) AND {conditions}"  # noqa: S608
