"""Dead letters: messages that ended badly are listed, read, replayed or discarded. No function commits.

After a restore from a backup nothing may be sent that was sent since the backup, and the restored outbox cannot know
what was. So `quarantine` turns every message into a dead letter before a process starts. `release` replays them all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.orm import Session

from .heartbeats import count_alive
from .messages import DEAD_LETTER_STATES, FinalState
from .schema import OUTBOX_CLOSED
from .store import COLUMNS, wake

_IS_DEAD_LETTER = OUTBOX_CLOSED.c.final_state.in_(DEAD_LETTER_STATES)
_IN_LIST = ("id", "kind", "tenant", "final_state", "last_reason", "attempts", "created_at", "closed_at")


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


_REPLAY = text(
    # SQL text: moves a row between tables in one statement.
    """
    WITH gone AS (DELETE FROM outbox_closed WHERE id = :id AND final_state = ANY(:states) RETURNING *)
    INSERT INTO outbox (id, kind, payload, tenant, ordering_key, created_at, due_at, expires_at, request_id)
    SELECT id, kind, payload, tenant, ordering_key, created_at, :now, :now + (expires_at - created_at), request_id
    FROM gone RETURNING id
    """
)


def replay(session: Session, message_id: UUID, *, now: datetime) -> bool:
    """Deliver a dead letter after all, under its old id and with its old lifetime from now; False when there is none.

    A repeat is harmless: a message that is live again, or has succeeded since, is not touched.
    """
    values = {"id": message_id, "states": list(DEAD_LETTER_STATES), "now": now}
    is_replayed = session.scalar(_REPLAY, values) is not None
    if is_replayed:
        wake(session)
    return is_replayed


def discard(session: Session, message_id: UUID, *, now: datetime) -> bool:
    """Give a dead letter up for good: it is no longer listed; False when there is none."""
    query = update(OUTBOX_CLOSED).where(OUTBOX_CLOSED.c.id == message_id, _IS_DEAD_LETTER)
    query = query.values(final_state=FinalState.DISCARDED, closed_at=now)
    return session.scalar(query.returning(OUTBOX_CLOSED.c.id)) is not None


_QUARANTINE = text(
    # SQL text: moves rows between tables in one statement.
    f"""
    WITH gone AS (DELETE FROM outbox RETURNING *)
    INSERT INTO outbox_closed ({COLUMNS}, final_state, closed_at)
    SELECT {COLUMNS}, :final_state, :now FROM gone RETURNING id
    """  # noqa: S608 - COLUMNS is a constant of our own
)


def quarantine(session: Session, *, now: datetime) -> Sequence[UUID]:
    """Turn every message into a dead letter; returns their ids. A repeat is harmless. Raises RelayIsRunning."""
    if count_alive(session, now=now):
        raise RelayIsRunning
    return session.scalars(_QUARANTINE, {"final_state": FinalState.QUARANTINED.value, "now": now}).all()


def release(session: Session, *, now: datetime) -> Sequence[UUID]:
    """Replay everything in quarantine, in its old order; returns the ids."""
    quarantined = OUTBOX_CLOSED.c.final_state == FinalState.QUARANTINED
    ids = session.scalars(select(OUTBOX_CLOSED.c.id).where(quarantined).order_by(OUTBOX_CLOSED.c.seq)).all()
    return [message_id for message_id in ids if replay(session, message_id, now=now)]
