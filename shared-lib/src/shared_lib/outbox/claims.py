"""Who may attempt rows of the outbox just now, a statement each: claims, heartbeats, marks, and giving back.

All times are passed in, as in `rows`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from shared_lib.pipeline import Answer
from shared_lib.statements import send

from .store import wake

_CLAIM = """
    WITH RECURSIVE tenants AS (
        (SELECT tenant FROM outbox ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT o.tenant FROM outbox o WHERE o.tenant > t.tenant ORDER BY o.tenant LIMIT 1)
        FROM tenants t WHERE t.tenant IS NOT NULL
    ), candidates AS (
        SELECT row.id, wanted.lane, wanted.room,
            row_number() OVER (PARTITION BY t.tenant, wanted.lane ORDER BY row.due_at, row.seq) AS turn
        FROM tenants t
        CROSS JOIN unnest(%(lanes)s::text[], %(kinds)s::text[], %(rooms)s::int[], %(expired_only)s::boolean[])
            AS wanted (lane, kind, room, expired_only)
        CROSS JOIN LATERAL (
            SELECT o.id, o.due_at, o.seq FROM outbox o
            WHERE o.tenant = t.tenant AND o.kind = wanted.kind AND o.due_at <= %(now)s
              AND (NOT wanted.expired_only OR o.expires_at <= %(now)s)
              AND (o.leased_until IS NULL OR (%(take_over)s AND o.leased_until < %(now)s
                   AND pg_postmaster_start_time() < %(now)s - %(lease)s))
              AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.ordering_key = o.ordering_key AND e.seq < o.seq)
            ORDER BY o.due_at, o.seq LIMIT wanted.room FOR UPDATE SKIP LOCKED
        ) AS row
    ), placed AS (
        SELECT id, room, row_number() OVER (PARTITION BY lane ORDER BY turn, random()) AS place FROM candidates
    )
    UPDATE outbox SET attempts = attempts + 1, starts = starts + 1, leased_by = %(owner)s, leased_until = %(until)s,
        ambiguous = ambiguous + CASE WHEN marked_at IS NULL THEN 0 ELSE 1 END, marked_at = NULL
    FROM placed WHERE outbox.id = placed.id AND placed.place <= placed.room
    RETURNING outbox.*
    """


@dataclass(frozen=True, kw_only=True)
class Demand:
    """How many rows of these kinds a lane has room for; of overdue ones alone with `expired_only`."""

    lane: str
    kinds: Sequence[str]
    room: int
    expired_only: bool = False


def claim(
    session: Session, demands: Sequence[Demand], *, now: datetime, owner: UUID, until: datetime, take_over: bool
) -> Answer:
    """Lease due rows as demanded, tenants in turn, and of every ordering key only its first; answers them.

    A row whose lease ran out counts as claimed again; if it was marked, its fate is ambiguous. `take_over` False leaves
    such rows alone, and nobody takes one within a lease length of the database's own start: its owner may still be
    waiting to write down what happened.
    """
    wanted = [(demand, kind) for demand in demands for kind in demand.kinds]
    values = {
        "lanes": [demand.lane for demand, _ in wanted],
        "kinds": [kind for _, kind in wanted],
        "rooms": [demand.room for demand, _ in wanted],
        "expired_only": [demand.expired_only for demand, _ in wanted],
        "now": now,
        "owner": owner,
        "until": until,
        "lease": until - now,
        "take_over": take_over,
    }
    return send(session, _CLAIM, values)


def extend(session: Session, ids: Sequence[UUID], *, owner: UUID, until: datetime) -> Answer:
    """The heartbeat: keep leases that are still ours; answers the ids of those."""
    return send(
        session,
        "UPDATE outbox SET leased_until = %(until)s WHERE id = ANY(%(ids)s) AND leased_by = %(owner)s RETURNING id",
        {"ids": list(ids), "owner": owner, "until": until},
    )


def mark(session: Session, row_id: UUID, *, owner: UUID, now: datetime, until: datetime) -> Answer:
    """Write down that the effect may happen from now on; no row when the lease is no longer ours."""
    return send(
        session,
        "UPDATE outbox SET marked_at = %(now)s, leased_until = %(until)s "
        "WHERE id = %(id)s AND leased_by = %(owner)s AND leased_until > %(now)s RETURNING id",
        {"id": row_id, "owner": owner, "now": now, "until": until},
    )


def release(session: Session, ids: Sequence[UUID], *, owner: UUID) -> None:
    """Give back leases under which nothing was begun, as if they had never been taken."""
    send(
        session,
        "UPDATE outbox SET leased_by = NULL, leased_until = NULL, attempts = attempts - 1, starts = starts - 1 "
        "WHERE id = ANY(%(ids)s) AND leased_by = %(owner)s AND marked_at IS NULL",
        {"ids": list(ids), "owner": owner},
    )
    wake(session)
