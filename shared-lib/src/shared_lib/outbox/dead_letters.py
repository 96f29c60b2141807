"""Dead letters: messages that ended badly are listed, read, replayed or discarded. No function commits.

After a restore from a backup nothing may be sent that was sent since the backup, and the restored outbox cannot know
what was. So `quarantine` turns every message into a dead letter before a process starts. `release` replays them all.
The functions that change messages return the `id`, `tenant` and `kind` of each; a repeat is harmless.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, insert, literal, select, update
from sqlalchemy.orm import Session

from .messages import DEAD_LETTER_STATES, FinalState
from .schema import OUTBOX, OUTBOX_CLOSED
from .store import COLUMNS, count_alive, wake

_IS_DEAD_LETTER = OUTBOX_CLOSED.c.final_state.in_(DEAD_LETTER_STATES)
_IN_LIST = ("id", "kind", "tenant", "final_state", "last_reason", "attempts", "created_at", "closed_at")
_REPLAYED = ("id", "kind", "payload", "tenant", "ordering_key", "created_at", "request_id")
_CHANGED = ("id", "tenant", "kind")


class RelayIsRunning(Exception):
    """A relay had a heartbeat within the last 20 seconds: it may be sending what is to be put into quarantine."""


def newest(session: Session, *, limit: int, final_state: FinalState | None = None) -> Sequence[Row[Any]]:
    """The newest dead letters, or those in one final state, without their payload."""
    query = (
        select(*(OUTBOX_CLOSED.c[name] for name in _IN_LIST)).order_by(OUTBOX_CLOSED.c.closed_at.desc()).limit(limit)
    )
    wanted = _IS_DEAD_LETTER if final_state is None else OUTBOX_CLOSED.c.final_state == final_state
    return session.execute(query.where(wanted)).all()


def find(session: Session, message_id: UUID) -> Row[Any] | None:
    """All columns of one closed message; its payload holds ids and codes only."""
    return session.execute(select(OUTBOX_CLOSED).where(OUTBOX_CLOSED.c.id == message_id)).one_or_none()


def replay(session: Session, message_id: UUID, *, now: datetime) -> Sequence[Row[Any]]:
    """Deliver a dead letter after all, under its old id and with its old lifetime from now; empty when there is none.

    A message that is live again, or has succeeded since, is not touched.
    """
    return _replay(session, _IS_DEAD_LETTER & (OUTBOX_CLOSED.c.id == message_id), now)


def release(session: Session, *, now: datetime) -> Sequence[Row[Any]]:
    """Replay everything in quarantine, in its old order."""
    return _replay(session, OUTBOX_CLOSED.c.final_state == FinalState.QUARANTINED, now)


def discard(session: Session, message_id: UUID, *, now: datetime) -> Sequence[Row[Any]]:
    """Give a dead letter up for good: it is no longer listed; empty when there is none."""
    query = update(OUTBOX_CLOSED).where(OUTBOX_CLOSED.c.id == message_id, _IS_DEAD_LETTER)
    query = query.values(final_state=FinalState.DISCARDED, closed_at=now)
    return session.execute(query.returning(*(OUTBOX_CLOSED.c[name] for name in _CHANGED))).all()


def quarantine(session: Session, *, now: datetime) -> Sequence[Row[Any]]:
    """Turn every message into a dead letter. Raises RelayIsRunning."""
    if count_alive(session, now=now):
        raise RelayIsRunning
    gone = delete(OUTBOX).returning(*(OUTBOX.c[name] for name in COLUMNS)).cte()
    held = select(gone, literal(FinalState.QUARANTINED.value), literal(now))
    query = insert(OUTBOX_CLOSED).from_select([*COLUMNS, "final_state", "closed_at"], held)
    return session.execute(query.returning(*(OUTBOX_CLOSED.c[name] for name in _CHANGED))).all()


def _replay(session: Session, which: ColumnElement[bool], now: datetime) -> Sequence[Row[Any]]:
    gone = delete(OUTBOX_CLOSED).where(which).returning(OUTBOX_CLOSED).cte()
    expires_at = literal(now) + (gone.c.expires_at - gone.c.created_at)
    again = select(*(gone.c[name] for name in _REPLAYED), literal(now), expires_at).order_by(gone.c.seq)
    query = insert(OUTBOX).from_select([*_REPLAYED, "due_at", "expires_at"], again)
    changed = session.execute(query.returning(*(OUTBOX.c[name] for name in _CHANGED))).all()
    if changed:
        wake(session)
    return changed
