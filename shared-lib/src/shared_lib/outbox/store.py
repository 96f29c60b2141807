"""What happens to rows of the outbox, a statement each.

All times are passed in, so that clocks of machines must agree within a few seconds (NTP), far less than a lease.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from shared_lib.pipeline import Answer
from shared_lib.statements import ask, send

from .messages import FinalState, OutboxMessage

CHANNEL = "outbox"
"""The LISTEN/NOTIFY channel that wakes relays."""

COLUMNS = (
    "id, seq, kind, payload, tenant, ordering_key, attempts, starts, ambiguous, marked_at, created_at, due_at, "
    "expires_at, waiting_for, last_reason, request_id"
)

_INSERT = f"""
    INSERT INTO outbox (id, kind, payload, tenant, ordering_key, created_at, due_at, expires_at, request_id, attempts,
        starts, leased_by, leased_until)
    SELECT id, kind, payload, tenant, ordering_key, %(now)s, LEAST(COALESCE(due_at, %(now)s), expires_at), expires_at,
        %(request_id)s, leads::int, leads::int, CASE WHEN leads THEN %(owner)s::uuid END,
        CASE WHEN leads THEN %(until)s::timestamptz END
    FROM (
        SELECT *, begins AND (ordering_key IS NULL OR (
            row_number() OVER (PARTITION BY ordering_key ORDER BY place) = 1
            AND NOT EXISTS (SELECT 1 FROM outbox before WHERE before.ordering_key = given.ordering_key)
        )) AS leads
        FROM ROWS FROM (jsonb_to_recordset(%(promises)s) AS (
            id uuid, kind text, payload jsonb, tenant text, ordering_key text, due_at timestamptz,
            expires_at timestamptz, begins boolean
        )) WITH ORDINALITY AS given (id, kind, payload, tenant, ordering_key, due_at, expires_at, begins, place)
    ) AS promise
    ORDER BY place
    RETURNING id, leased_by IS NOT NULL AS led,
        CASE WHEN leased_by IS NULL THEN pg_notify('{CHANNEL}', '')::text END
    """  # noqa: S608 - CHANNEL is our own constant


def add(
    session: Session,
    promises: Iterable[tuple[OutboxMessage, bool]],
    *,
    now: datetime,
    owner: UUID,
    until: datetime,
    request_id: str | None,
) -> Answer:
    """Store promises in this order, each with whether it could begin; the rows say which are leased to `owner` (`led`).

    One that could begin is, when nothing of its ordering key is before it; for any other the relays are woken when this
    transaction commits.
    """
    given = [
        {
            "id": str(promise.id),
            "kind": promise.kind,
            "payload": dict(promise.payload),
            "tenant": promise.tenant,
            "ordering_key": promise.ordering_key,
            "due_at": _exact(promise.due_at),
            "expires_at": _exact(promise.expires_at),
            "begins": begins,
        }
        for promise, begins in promises
    ]
    values = {"promises": Jsonb(given), "now": now, "request_id": request_id, "owner": owner, "until": until}
    return send(session, _INSERT, values)


def _exact(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def wake(session: Session) -> None:
    """Tell the relays, when this transaction commits, that there is something to do."""
    send(session, "SELECT pg_notify(%(channel)s, '')", {"channel": CHANNEL})


def postpone(
    session: Session,
    row_id: UUID,
    *,
    owner: UUID,
    due_at: datetime,
    reason: str,
    waiting_for: str | None = None,
    ambiguous: int = 0,
) -> None:
    """Give the row back until `due_at`, unless it is no longer ours."""
    send(
        session,
        "UPDATE outbox SET leased_by = NULL, leased_until = NULL, marked_at = NULL, due_at = %(due_at)s, "
        "last_reason = %(reason)s, waiting_for = %(waiting_for)s, starts = 0, ambiguous = %(ambiguous)s "
        "WHERE id = %(id)s AND leased_by = %(owner)s",
        {
            "id": row_id,
            "owner": owner,
            "due_at": due_at,
            "reason": reason,
            "waiting_for": waiting_for,
            "ambiguous": ambiguous,
        },
    )


_LOOK_AGAIN = f"""
    WITH old AS (SELECT id, ordering_key FROM outbox WHERE id = %(id)s FOR UPDATE), kept AS (
        UPDATE outbox SET leased_by = NULL, leased_until = NULL, marked_at = NULL, starts = 0, ambiguous = 0,
            due_at = LEAST(%(due_at)s, expires_at), waiting_for = NULL, last_reason = NULL, ordering_key = NULL
        FROM old WHERE outbox.id = old.id
    )
    SELECT (SELECT pg_notify('{CHANNEL}', '') FROM outbox o
            WHERE o.ordering_key = old.ordering_key AND o.id <> old.id LIMIT 1) AS follower
    FROM old
    """  # noqa: S608 - CHANNEL is our own constant


def look_again(session: Session, row_id: UUID, *, due_at: datetime) -> Answer:
    """Keep the row for a later look, out of its ordering key's way; no row when it is gone."""
    return send(session, _LOOK_AGAIN, {"id": row_id, "due_at": due_at})


_CLOSE = f"""
    WITH gone AS (DELETE FROM outbox WHERE id = %(id)s RETURNING *), kept AS (
        INSERT INTO outbox_closed ({COLUMNS}, ending, closed_at)
        SELECT {COLUMNS.replace("last_reason", "COALESCE(%(reason)s, last_reason)")}, %(ending)s, %(now)s FROM gone
    )
    SELECT (SELECT pg_notify('{CHANNEL}', '') FROM outbox o
            WHERE o.ordering_key = gone.ordering_key AND o.id <> gone.id LIMIT 1) AS follower
    FROM gone
    """  # noqa: S608 - a constant list of columns


def close(session: Session, row_id: UUID, ending: FinalState, *, now: datetime, reason: str | None = None) -> Answer:
    """Move the row out of the hot table, whoever holds it, and wake the relays for what had to wait for it.

    No row when it is gone already.
    """
    return send(session, _CLOSE, {"id": row_id, "ending": ending.value, "now": now, "reason": reason})


def cancel(session: Session, ids: Sequence[UUID], *, now: datetime) -> int:
    """Close rows that nobody is attempting just now; answers how many."""
    free = ask(
        session,
        "SELECT id FROM outbox WHERE id = ANY(%(ids)s) AND (leased_until IS NULL OR leased_until < %(now)s) FOR UPDATE",
        {"ids": list(ids), "now": now},
    )
    return sum(len(close(session, row.id, FinalState.CANCELLED, now=now).rows) for row in free)


def hasten(session: Session, destination: str, *, now: datetime, limit: int | None = None) -> int:
    """Make rows that wait for a destination due now: all when it is back, one to find out. Answers how many."""
    found = ask(
        session,
        "UPDATE outbox SET due_at = %(now)s WHERE id IN ("
        "SELECT id FROM outbox WHERE waiting_for = %(destination)s AND due_at > %(now)s AND leased_until IS NULL "
        "ORDER BY seq LIMIT %(limit)s FOR UPDATE SKIP LOCKED) RETURNING id",
        {"destination": destination, "now": now, "limit": limit},
    )
    return len(found)
