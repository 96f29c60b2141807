"""Pauses as state: the open one of a mentor, its end, and its reopening when the event that ended it is removed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, select, update
from sqlalchemy.orm import Session

from orchestrator_service.domain.pause_events import EventType
from orchestrator_service.domain.pauses import Pause

from .tables import PauseEventRow

IS_PAUSE = and_(PauseEventRow.event_type == EventType.PAUSE_ACTIVATED.value, PauseEventRow.cause.is_not(None))
IS_OPEN = and_(IS_PAUSE, PauseEventRow.ended_at.is_(None))
_COLUMNS = (
    PauseEventRow.id.label("event_id"),
    PauseEventRow.peer_mentor_id.label("mentor_id"),
    PauseEventRow.organisation_id,
    PauseEventRow.expected_return_date,
    PauseEventRow.return_date_since,
)
_FIELDS = ("event_id", "mentor_id", "organisation_id", "expected_return_date", "return_date_since")


def open_of(session: Session, mentor_id: str) -> Pause | None:
    """The mentor's open pause."""
    query = select(*_COLUMNS).where(IS_OPEN, PauseEventRow.peer_mentor_id == mentor_id)
    return _pause(session.execute(query).one_or_none())


def end(session: Session, mentor_id: str, *, by: str, at: datetime) -> Pause | None:
    """End the mentor's open pause by an event; returns it. Call it in the mentor's turn."""
    query = update(PauseEventRow).where(IS_OPEN, PauseEventRow.peer_mentor_id == mentor_id)
    return _pause(session.execute(query.values(ended_at=at, ended_by=by).returning(*_COLUMNS)).one_or_none())


def reopen_last(session: Session, mentor_id: str, *, at: datetime) -> Pause | None:
    """Open the pause that the mentor's last pause event began, if it had ended; returns it. Call it in their turn.

    What was due while it had ended is not told: its return date counts as recorded now.
    """
    effective = select(PauseEventRow.id).where(
        PauseEventRow.peer_mentor_id == mentor_id, PauseEventRow.cause.is_not(None)
    )
    last = effective.order_by(PauseEventRow.number.desc()).limit(1).scalar_subquery()
    since = case((PauseEventRow.expected_return_date.is_not(None), at), else_=None)
    query = (
        update(PauseEventRow)
        .where(IS_PAUSE, PauseEventRow.id == last, PauseEventRow.ended_at.is_not(None))
        .values(ended_at=None, ended_by=None, return_date_since=since)
    )
    return _pause(session.execute(query.returning(*_COLUMNS)).one_or_none())


def mentors_with_return_date(session: Session, *, organisation_id: str) -> Sequence[str]:
    """The mentors of an organisation whose open pause has a return date."""
    query = select(PauseEventRow.peer_mentor_id).where(IS_OPEN, PauseEventRow.organisation_id == organisation_id)
    return session.scalars(query.where(PauseEventRow.expected_return_date.is_not(None))).all()


def _pause(row: Row[*tuple[Any, ...]] | None) -> Pause | None:
    return None if row is None else Pause(**dict(zip(_FIELDS, row, strict=True)))
