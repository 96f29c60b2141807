"""Rows that ended badly: found, read, begun anew or put away for good."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from .store import wake

REPLAYABLE = ("dead", "expired", "held", "rejected", "unknown")
"""The final states of dead letters, which operations may deliver again."""

KEPT = timedelta(days=30)
"""How long rows that ended well are kept for looking things up; the others stay until somebody decides."""

MOST_AT_ONCE = 10_000


def forget(session: Session, *, before: datetime) -> int:
    """Remove rows that were done, cancelled or discarded before then, ten thousand at most; answers how many."""
    gone = session.execute(
        text(
            "DELETE FROM outbox_closed WHERE id IN (SELECT id FROM outbox_closed WHERE closed_at < :before "
            "AND NOT ending = ANY(:kept) LIMIT :most) RETURNING 1"
        ),
        {"before": before, "kept": list(REPLAYABLE), "most": MOST_AT_ONCE},
    )
    return len(gone.all())


def unhappy(session: Session, *, limit: int, ending: str | None = None) -> Sequence[Row[Any]]:
    """The newest rows that ended badly, or with one ending alone."""
    return session.execute(
        text(
            "SELECT id, kind, tenant, ending, last_reason, attempts, created_at, closed_at FROM outbox_closed "
            "WHERE ending = ANY(:endings) ORDER BY closed_at DESC LIMIT :limit"
        ),
        {"endings": [ending] if ending else list(REPLAYABLE), "limit": limit},
    ).all()


def show(session: Session, row_id: UUID) -> Row[Any] | None:
    """Everything about one closed row; its payload holds ids and codes only."""
    return session.execute(text("SELECT * FROM outbox_closed WHERE id = :id"), {"id": row_id}).one_or_none()


def replay(session: Session, row_id: UUID, *, now: datetime) -> bool:
    """Begin a badly ended row anew, under its old id and with its old lifetime from now; False when there is none.

    Repeating is harmless: a row that is live again, or has succeeded since, is not touched.
    """
    begun = session.execute(
        text(
            """
            WITH gone AS (DELETE FROM outbox_closed WHERE id = :id AND ending = ANY(:endings) RETURNING *)
            INSERT INTO outbox (id, kind, payload, tenant, ordering_key, created_at, due_at, expires_at, request_id)
            SELECT id, kind, payload, tenant, ordering_key, created_at, :now, :now + (expires_at - created_at),
                   request_id
            FROM gone RETURNING id
            """
        ),
        {"id": row_id, "endings": list(REPLAYABLE), "now": now},
    ).scalar_one_or_none()
    if begun is not None:
        wake(session)
    return begun is not None


def discard(session: Session, row_id: UUID, *, now: datetime) -> bool:
    """Put a badly ended row away for good: it is no longer listed; False when there is none."""
    found = session.execute(
        text(
            "UPDATE outbox_closed SET ending = 'discarded', closed_at = :now "
            "WHERE id = :id AND ending = ANY(:endings) RETURNING id"
        ),
        {"id": row_id, "endings": list(REPLAYABLE), "now": now},
    )
    return found.scalar_one_or_none() is not None
