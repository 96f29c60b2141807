"""The heartbeats of relay processes: which of them are alive. None of the statements commits."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import NO_TENANT

from .schema import OUTBOX_WORKER

HEARTBEAT_SECONDS = 10.0
MAX_MISSED_HEARTBEATS = 2
FORGOTTEN_AFTER = timedelta(hours=1)


def record_heartbeat(session: Session, worker_id: UUID, *, now: datetime) -> None:
    """Store that this relay process is alive, and delete those without a heartbeat for an hour."""
    query = insert(OUTBOX_WORKER).values(id=worker_id, heartbeat_at=now)
    session.execute(query.on_conflict_do_update(index_elements=["id"], set_={"heartbeat_at": now}))
    session.execute(delete(OUTBOX_WORKER).where(OUTBOX_WORKER.c.heartbeat_at < now - FORGOTTEN_AFTER))


def remove_heartbeat(session: Session, worker_id: UUID) -> None:
    """This relay process has ended."""
    session.execute(delete(OUTBOX_WORKER).where(OUTBOX_WORKER.c.id == worker_id))


def count_alive(session: Session, *, now: datetime) -> int:
    """How many relay processes had a heartbeat within the last 20 seconds."""
    since = now - timedelta(seconds=HEARTBEAT_SECONDS * MAX_MISSED_HEARTBEATS)
    return session.scalar(select(func.count()).where(OUTBOX_WORKER.c.heartbeat_at >= since)) or 0


def is_relay_running(database: Database, clock: Clock) -> bool:
    """Whether any relay process of this database is alive. Raises Unavailable."""
    with database.begin(NO_TENANT) as session:
        return count_alive(session, now=clock()) > 0
