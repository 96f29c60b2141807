"""Lists of pause events, newest first, at the same cost however many there are."""

from collections.abc import Sequence
from typing import Any

from shared_lib.paging import Page, PageRequest
from sqlalchemy import ColumnElement, Select, Text, cast, column, desc, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from orchestrator_service.domain.event_lists import EventFilter
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.ports import Vault
from orchestrator_service.domain.roles import Scope

from . import event_counts, pause_events, responsible
from .tables import PauseEventRow


def page(session: Session, vault: Vault, scope: Scope, wanted: EventFilter, request: PageRequest) -> Page[PauseEvent]:
    """What the scope reaches of the wanted events."""
    mentors = _mentors(session, scope, wanted)
    conditions = _conditions(scope, wanted)
    if mentors is None:
        total = event_counts.total(session, wanted, organisation_id=scope.organisation)
        ids = _newest_of_all(conditions, request)
    else:
        total = _count_of_mentors(session, conditions, mentors)
        ids = _newest_of_mentors(conditions, mentors, request)
    # Columns, not entities: to make entities of the rows costs more than to read them.
    rows = list(session.execute(_in_order(select(*PauseEventRow.__table__.columns).where(PauseEventRow.id.in_(ids)))))
    return Page(items=pause_events.events_of(session, vault, rows), request=request, total=total)


def _mentors(session: Session, scope: Scope, wanted: EventFilter) -> Sequence[str] | None:
    """The few mentors that this is about; None when it is about everybody of the organisation, or of all."""
    named = None if wanted.peer_mentor_id is None else [wanted.peer_mentor_id]
    if scope.coordinator is None or scope.organisation is None:
        return named
    own = responsible.mentors_of(session, scope.coordinator, organisation_id=scope.organisation)
    return own if named is None else [mentor for mentor in named if mentor in own]


def _conditions(scope: Scope, wanted: EventFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (PauseEventRow.organisation_id, scope.organisation),
        (PauseEventRow.event_type, wanted.event_type),
        (PauseEventRow.coordinator_id, wanted.coordinator_id),
    )
    return [col == value for col, value in pairs if value is not None]


def _newest_of_all(conditions: list[ColumnElement[bool]], request: PageRequest) -> Select[*tuple[Any, ...]]:
    query = _in_order(select(PauseEventRow.id).where(*conditions))
    return query.offset(request.offset).limit(request.limit)


def _newest_of_mentors(
    conditions: list[ColumnElement[bool]], mentors: Sequence[str], request: PageRequest
) -> Select[*tuple[Any, ...]]:
    """Each mentor's newest through its own index, then the newest of those: never a walk over other people's events."""
    named = _each(mentors)
    own = _in_order(
        select(PauseEventRow.id, PauseEventRow.created_at).where(
            PauseEventRow.peer_mentor_id == named.c.id, *conditions
        )
    )
    newest = own.limit(request.offset + request.limit).lateral()
    query = select(newest.c.id).select_from(named).join(newest, true())
    return query.order_by(desc(newest.c.created_at), desc(newest.c.id)).offset(request.offset).limit(request.limit)


def _count_of_mentors(session: Session, conditions: list[ColumnElement[bool]], mentors: Sequence[str]) -> int:
    query = select(func.count()).select_from(PauseEventRow)
    return session.scalar(query.where(PauseEventRow.peer_mentor_id.in_(list(mentors)), *conditions)) or 0


def _each(mentors: Sequence[str]) -> Any:
    return func.unnest(cast(list(mentors), ARRAY(Text))).table_valued(column("id", Text)).render_derived()


def _in_order(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.order_by(PauseEventRow.created_at.desc(), PauseEventRow.id.desc())
