"""What happens to rows of the outbox, a statement each.

All times are passed in, so that clocks of machines must agree within a few seconds (NTP), far less than a lease.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from .model import Ending, Promise

CHANNEL = "outbox"
"""The LISTEN/NOTIFY channel that wakes relays."""

COLUMNS = (
    "id, seq, kind, payload, tenant, ordering_key, attempts, starts, ambiguous, marked_at, created_at, due_at, "
    "expires_at, waiting_for, last_reason, request_id"
)

_INSERT = text(
    """
    INSERT INTO outbox (id, kind, payload, tenant, ordering_key, created_at, due_at, expires_at, request_id,
                        attempts, starts, leased_by, leased_until)
    SELECT :id, :kind, :payload, :tenant, CAST(:ordering_key AS text), :now, :due_at, :expires_at, :request_id,
           CASE WHEN lead THEN 1 ELSE 0 END, CASE WHEN lead THEN 1 ELSE 0 END,
           CASE WHEN lead THEN CAST(:owner AS uuid) END, CASE WHEN lead THEN CAST(:until AS timestamptz) END
    FROM (SELECT CAST(:owner AS uuid) IS NOT NULL AND NOT EXISTS (
              SELECT 1 FROM outbox WHERE ordering_key = CAST(:ordering_key AS text)) AS lead) AS place
    RETURNING leased_by IS NOT NULL
    """
).bindparams(bindparam("payload", type_=JSONB))


def add(
    session: Session,
    promise: Promise,
    *,
    now: datetime,
    owner: UUID | None,
    until: datetime,
    request_id: str | None,
) -> bool:
    """Store a promise; True if it is leased to `owner`, which it is when nothing of its ordering key is before it."""
    values = {
        "id": promise.id,
        "kind": promise.kind,
        "payload": dict(promise.payload),
        "tenant": promise.tenant,
        "ordering_key": promise.ordering_key,
        "now": now,
        "due_at": promise.due_at or now,
        "expires_at": promise.expires_at,
        "request_id": request_id,
        "owner": owner,
        "until": until,
    }
    return bool(session.execute(_INSERT, values).scalar_one())


def wake(session: Session) -> None:
    """Tell the relays, when this transaction commits, that there is something to do."""
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


_CLAIM = text(
    """
    WITH RECURSIVE tenants AS (
        (SELECT tenant FROM outbox ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT o.tenant FROM outbox o WHERE o.tenant > t.tenant ORDER BY o.tenant LIMIT 1)
        FROM tenants t WHERE t.tenant IS NOT NULL
    ), candidates AS (
        SELECT row.id, row_number() OVER (PARTITION BY t.tenant ORDER BY row.due_at, row.seq) AS turn
        FROM tenants t CROSS JOIN LATERAL (
            SELECT o.id, o.due_at, o.seq FROM outbox o
            WHERE o.tenant = t.tenant AND o.kind = ANY(:kinds)
              AND (o.due_at <= :now OR o.expires_at <= :now) AND (NOT :expired_only OR o.expires_at <= :now)
              AND (o.leased_until IS NULL OR (:take_over AND o.leased_until < :now
                   AND pg_postmaster_start_time() < :now - :lease))
              AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.ordering_key = o.ordering_key AND e.seq < o.seq)
            ORDER BY o.due_at, o.seq LIMIT :room FOR UPDATE SKIP LOCKED
        ) AS row
    ), taken AS (SELECT id FROM candidates ORDER BY turn, random() LIMIT :room)
    UPDATE outbox SET attempts = attempts + 1, starts = starts + 1, leased_by = :owner, leased_until = :until,
        ambiguous = ambiguous + CASE WHEN marked_at IS NULL THEN 0 ELSE 1 END, marked_at = NULL
    FROM taken WHERE outbox.id = taken.id
    RETURNING outbox.*
    """
)


def claim(
    session: Session,
    kinds: Sequence[str],
    *,
    room: int,
    now: datetime,
    owner: UUID,
    until: datetime,
    take_over: bool,
    expired_only: bool = False,
) -> Sequence[Row[Any]]:
    """Lease up to `room` due rows, tenants in turn, and of every ordering key only its first.

    A row whose lease ran out counts as claimed again; if it was marked, its fate is ambiguous. `take_over` False leaves
    such rows alone, and nobody takes one within a lease length of the database's own start: its owner may still be
    waiting to write down what happened.
    """
    values = {
        "kinds": list(kinds),
        "room": room,
        "now": now,
        "owner": owner,
        "until": until,
        "lease": until - now,
        "take_over": take_over,
        "expired_only": expired_only,
    }
    return session.execute(_CLAIM, values).all()


def extend(session: Session, ids: Sequence[UUID], *, owner: UUID, until: datetime) -> Sequence[UUID]:
    """The heartbeat: keep leases that are still ours; answers which."""
    found = session.execute(
        text("UPDATE outbox SET leased_until = :until WHERE id = ANY(:ids) AND leased_by = :owner RETURNING id"),
        {"ids": list(ids), "owner": owner, "until": until},
    )
    return found.scalars().all()


def mark(session: Session, row_id: UUID, *, owner: UUID, now: datetime, until: datetime) -> bool:
    """Write down that the effect may happen from now on; False when the lease is no longer ours."""
    found = session.execute(
        text(
            "UPDATE outbox SET marked_at = :now, leased_until = :until "
            "WHERE id = :id AND leased_by = :owner AND leased_until > :now RETURNING id"
        ),
        {"id": row_id, "owner": owner, "now": now, "until": until},
    )
    return found.scalar_one_or_none() is not None


def release(session: Session, ids: Sequence[UUID], *, owner: UUID) -> None:
    """Give back leases under which nothing was begun, as if they had never been taken."""
    session.execute(
        text(
            "UPDATE outbox SET leased_by = NULL, leased_until = NULL, attempts = attempts - 1, starts = starts - 1 "
            "WHERE id = ANY(:ids) AND leased_by = :owner AND marked_at IS NULL"
        ),
        {"ids": list(ids), "owner": owner},
    )
    wake(session)


def postpone(
    session: Session,
    row_id: UUID,
    *,
    owner: UUID,
    due_at: datetime,
    reason: str,
    waiting_for: str | None = None,
    ambiguous: int = 0,
) -> bool:
    """Give the row back until `due_at`; False when it is no longer ours."""
    found = session.execute(
        text(
            "UPDATE outbox SET leased_by = NULL, leased_until = NULL, marked_at = NULL, due_at = :due_at, "
            "last_reason = :reason, waiting_for = :waiting_for, starts = 0, ambiguous = :ambiguous "
            "WHERE id = :id AND leased_by = :owner RETURNING id"
        ),
        {
            "id": row_id,
            "owner": owner,
            "due_at": due_at,
            "reason": reason,
            "waiting_for": waiting_for,
            "ambiguous": ambiguous,
        },
    )
    return found.scalar_one_or_none() is not None


def look_again(session: Session, row_id: UUID, *, due_at: datetime) -> bool:
    """Keep the row for a later look, out of its ordering key's way; False when it is gone."""
    found = session.execute(
        text(
            "WITH old AS (SELECT ordering_key FROM outbox WHERE id = :id FOR UPDATE) "
            "UPDATE outbox SET leased_by = NULL, leased_until = NULL, marked_at = NULL, due_at = :due_at, starts = 0, "
            "ambiguous = 0, waiting_for = NULL, last_reason = NULL, ordering_key = NULL "
            "FROM old WHERE outbox.id = :id RETURNING old.ordering_key"
        ),
        {"id": row_id, "due_at": due_at},
    ).one_or_none()
    if found is not None:
        _wake_followers(session, found.ordering_key)
    return found is not None


def close(session: Session, row_id: UUID, ending: Ending, *, now: datetime, reason: str | None = None) -> bool:
    """Move the row out of the hot table, whoever holds it; False when it is gone already."""
    found = session.execute(
        text(
            f"WITH gone AS (DELETE FROM outbox WHERE id = :id RETURNING *) "  # noqa: S608 - a constant list of columns
            f"INSERT INTO outbox_closed ({COLUMNS}, ending, closed_at) "
            f"SELECT {COLUMNS.replace('last_reason', 'COALESCE(:reason, last_reason)')}, :ending, :now FROM gone "
            f"RETURNING ordering_key"
        ),
        {"id": row_id, "ending": ending.value, "now": now, "reason": reason},
    ).one_or_none()
    if found is not None:
        _wake_followers(session, found.ordering_key)
    return found is not None


def _wake_followers(session: Session, ordering_key: str | None) -> None:
    if ordering_key is not None:
        session.execute(
            text("SELECT pg_notify(:channel, '') WHERE EXISTS (SELECT 1 FROM outbox WHERE ordering_key = :key)"),
            {"channel": CHANNEL, "key": ordering_key},
        )


def cancel(session: Session, ids: Sequence[UUID], *, now: datetime) -> int:
    """Close rows that nobody is attempting just now; answers how many."""
    free = session.execute(
        text("SELECT id FROM outbox WHERE id = ANY(:ids) AND (leased_until IS NULL OR leased_until < :now) FOR UPDATE"),
        {"ids": list(ids), "now": now},
    ).scalars()
    return sum(close(session, row_id, Ending.CANCELLED, now=now) for row_id in free.all())


def hasten(session: Session, destination: str, *, now: datetime, limit: int | None = None) -> int:
    """Make rows that wait for a destination due now: all when it is back, one to find out. Answers how many."""
    found = session.execute(
        text(
            "UPDATE outbox SET due_at = :now WHERE id IN (SELECT id FROM outbox WHERE waiting_for = :destination "
            "AND due_at > :now AND leased_until IS NULL ORDER BY seq LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING id"
        ),
        {"destination": destination, "now": now, "limit": limit},
    )
    return len(found.all())
