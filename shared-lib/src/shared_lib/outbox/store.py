"""The statements on messages to deliver, and on the heartbeats of relays. None of them commits.

All times are passed in, so the clocks of machines must agree within a few seconds (NTP), far less than a lease.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Row, and_, bindparam, case, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from .messages import DEAD_LETTER_STATES, Delivery, FinalState, OutboxMessage
from .schema import OUTBOX, OUTBOX_CLOSED, OUTBOX_WORKER

CHANNEL = "outbox"
"""The LISTEN/NOTIFY channel that wakes relays."""

RETENTION = timedelta(days=30)
"""How long closed messages are kept for looking things up; dead letters stay until they are replayed or discarded."""

PURGE_LIMIT = 10_000

HEARTBEAT_SECONDS = 10.0
MAX_MISSED_HEARTBEATS = 2
FORGOTTEN_AFTER = timedelta(hours=1)

COLUMNS = [column.name for column in OUTBOX_CLOSED.c if column.name in OUTBOX.c]
"""For statements that move rows from one table to the other."""

NOT_LEASED = {"leased_by": None, "leased_until": None}

OF_DELIVERY = tuple(field.name for field in fields(Delivery) if field.name in OUTBOX.c)
"""The members of a delivery that are columns of the same name."""
_DELIVERED = tuple(OUTBOX.c[name] for name in (*OF_DELIVERY, "attempts", "leased_by"))

_earlier, _key = OUTBOX.alias("earlier"), bindparam("key", type_=OUTBOX.c.ordering_key.type)
_is_first_of_key = or_(_key.is_(None), ~exists().where(_earlier.c.ordering_key == _key))
_is_leased = and_(bindparam("may_begin", type_=Boolean), _is_first_of_key)
_INSERT = (
    insert(OUTBOX)
    .values(
        attempts=case((_is_leased, 1), else_=0),
        leased_by=case((_is_leased, bindparam("owner", type_=OUTBOX.c.leased_by.type))),
        leased_until=case((_is_leased, bindparam("until", type_=OUTBOX.c.leased_until.type))),
    )
    .returning(*_DELIVERED, case((OUTBOX.c.leased_by.is_(None), func.pg_notify(CHANNEL, ""))).label("woken"))
)


@dataclass(frozen=True, kw_only=True)
class ClaimRequest:
    """How many messages of these kinds an executor can take; with `expired_only` of the expired ones alone."""

    executor: str
    kinds: Sequence[str]
    limit: int
    expired_only: bool = False


def add(
    session: Session,
    messages: Iterable[tuple[OutboxMessage, bool]],
    *,
    now: datetime,
    owner: UUID,
    until: datetime,
    request_id: str | None,
) -> list[Row[Any]]:
    """Store messages in this order, each with whether this process may begin it now; returns the rows leased to it.

    It begins none while an earlier message of the same ordering key is there. Relays are woken for the others when the
    transaction commits.
    """
    keys_seen: set[str | None] = set()
    rows = []
    for message, may_begin in messages:
        key, due_at = message.ordering_key, message.due_at or now
        is_first = key is None or key not in keys_seen
        keys_seen.add(key)
        rows.append(
            {
                "id": message.id,
                "kind": message.kind,
                "payload": dict(message.payload),
                "tenant": message.tenant,
                "ordering_key": key,
                "created_at": now,
                "due_at": due_at if message.expires_at is None else min(due_at, message.expires_at),
                "expires_at": message.expires_at,
                "request_id": request_id,
                "key": key,
                "may_begin": may_begin and is_first,
                "owner": owner,
                "until": until,
            }
        )
    added = session.connection().execute(_INSERT, rows if len(rows) > 1 else rows[0]).all()
    return [row for row in added if row.leased_by is not None]


def wake(session: Session) -> None:
    """Wake the relays when this transaction commits."""
    session.execute(select(func.pg_notify(CHANNEL, "")))


_CLAIM = text(
    # SQL text: a recursive look-up of tenants, LATERAL with FOR UPDATE SKIP LOCKED, and windows over both. The array
    # makes PostgreSQL look the rows up by id; to a join it brings the whole table.
    f"""
    WITH RECURSIVE tenants AS (
        (SELECT tenant FROM outbox ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT o.tenant FROM outbox o WHERE o.tenant > t.tenant ORDER BY o.tenant LIMIT 1)
        FROM tenants t WHERE t.tenant IS NOT NULL
    ), candidates AS (
        SELECT row.id, wanted.executor, wanted.max_rows,
            row_number() OVER (PARTITION BY t.tenant, wanted.executor ORDER BY row.due_at, row.seq) AS turn
        FROM tenants t
        CROSS JOIN unnest(CAST(:executors AS text[]), CAST(:kinds AS text[]), CAST(:limits AS int[]),
                          CAST(:expired_only AS boolean[])) AS wanted (executor, kind, max_rows, expired_only)
        CROSS JOIN LATERAL (
            SELECT o.id, o.due_at, o.seq FROM outbox o
            WHERE o.tenant = t.tenant AND o.kind = wanted.kind AND o.due_at <= :now
              AND (NOT wanted.expired_only OR o.expires_at <= :now)
              AND (o.leased_until IS NULL OR (:take_over AND o.leased_until < :now
                   AND pg_postmaster_start_time() < CAST(:now AS timestamptz) - CAST(:lease AS interval)))
              AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.ordering_key = o.ordering_key AND e.seq < o.seq)
            ORDER BY o.due_at, o.seq LIMIT wanted.max_rows FOR UPDATE SKIP LOCKED
        ) AS row
    ), placed AS (
        SELECT id, max_rows, row_number() OVER (PARTITION BY executor ORDER BY turn, random()) AS place FROM candidates
    )
    UPDATE outbox SET attempts = attempts + 1, leased_by = :owner, leased_until = :until, in_flight_since = NULL,
        crash_count = crash_count + CASE WHEN leased_by IS NULL THEN 0 ELSE 1 END,
        ambiguous_count = ambiguous_count + CASE WHEN in_flight_since IS NULL THEN 0 ELSE 1 END
    WHERE id = ANY (ARRAY(SELECT id FROM placed WHERE place <= max_rows))
    RETURNING {", ".join(column.name for column in _DELIVERED)}
    """  # noqa: S608 - names of our own columns
)


def claim(
    session: Session, requests: Sequence[ClaimRequest], *, now: datetime, owner: UUID, until: datetime, take_over: bool
) -> Sequence[Row[Any]]:
    """Lease due messages as requested; returns their rows.

    Tenants take turns, and only the first message of an ordering key is claimed. An expired lease is a crash; if the
    message was marked in flight, its delivery is ambiguous. `take_over` False leaves expired leases alone. So does
    every claim within a lease length of the database's start: the owner may still be waiting to store the outcome.
    """
    wanted = [(request, kind) for request in requests for kind in request.kinds]
    values = {
        "executors": [request.executor for request, _ in wanted],
        "kinds": [kind for _, kind in wanted],
        "limits": [request.limit for request, _ in wanted],
        "expired_only": [request.expired_only for request, _ in wanted],
        "now": now,
        "owner": owner,
        "until": until,
        "lease": until - now,
        "take_over": take_over,
    }
    return session.execute(_CLAIM, values).all()


_POSTPONE = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("message_id"), OUTBOX.c.leased_by == bindparam("owner"))
    .values(
        in_flight_since=None,
        crash_count=0,
        **NOT_LEASED,
        **{name: bindparam(name) for name in ("due_at", "last_reason", "waiting_for", "ambiguous_count")},
    )
)


def postpone(session: Session, message_id: UUID, *, owner: UUID, outcome: Mapping[str, Any]) -> None:
    """End the lease and the attempt. Does nothing when `owner` lost the lease.

    `outcome` has the columns that say why and when: `due_at`, `last_reason`, `ambiguous_count`, and `waiting_for`, the
    executor whose destination did not answer (`retry_waiting`).
    """
    session.execute(_POSTPONE, {"message_id": message_id, "owner": owner, **outcome})


def reschedule(session: Session, message_id: UUID, *, due_at: datetime, ordering_key: str | None) -> None:
    """Keep the message for another attempt, out of its ordering key's way; wakes the relays for the next of the key."""
    afresh = {"crash_count": 0, "ambiguous_count": 0, "waiting_for": None, "last_reason": None, "ordering_key": None}
    due = func.least(due_at, OUTBOX.c.expires_at)
    session.execute(
        update(OUTBOX).where(OUTBOX.c.id == message_id).values(due_at=due, in_flight_since=None, **NOT_LEASED, **afresh)
    )
    if ordering_key is not None:
        waits = exists().where(OUTBOX.c.ordering_key == ordering_key)
        session.execute(select(func.pg_notify(CHANNEL, "")).where(waits))


_UNCHANGED = ", ".join(name for name in COLUMNS if name != "last_reason")
_CLOSE = text(
    # SQL text: moves a row between tables and wakes the relays for the next of its ordering key in one statement.
    f"""
    WITH gone AS (DELETE FROM outbox WHERE id = :id RETURNING *), kept AS (
        INSERT INTO outbox_closed (last_reason, final_state, closed_at, {_UNCHANGED})
        SELECT COALESCE(:reason, last_reason), :final_state, :now, {_UNCHANGED} FROM gone
    )
    SELECT (SELECT pg_notify('{CHANNEL}', '') FROM outbox o
            WHERE o.ordering_key = gone.ordering_key AND o.id <> gone.id LIMIT 1) AS next_of_key
    FROM gone
    """  # noqa: S608 - CHANNEL and COLUMNS and the columns are our own constants
)


def close(session: Session, message_id: UUID, final_state: FinalState, *, now: datetime, reason: str | None) -> bool:
    """Move the message to the closed ones, whichever process has its lease; False when it is closed already."""
    values = {"id": message_id, "final_state": final_state.value, "now": now, "reason": reason}
    return session.connection().execute(_CLOSE, values).one_or_none() is not None


def cancel(session: Session, ids: Sequence[UUID], *, now: datetime) -> int:
    """Close messages that no process is attempting now; returns how many."""
    is_free = or_(OUTBOX.c.leased_until.is_(None), OUTBOX.c.leased_until < now)
    query = select(OUTBOX.c.id).where(OUTBOX.c.id.in_(ids), is_free)
    free = session.scalars(query.with_for_update(skip_locked=True)).all()  # a locked one is being closed
    return sum(close(session, message_id, FinalState.CANCELLED, now=now, reason=None) for message_id in free)


def retry_waiting(session: Session, executor: str, *, now: datetime, limit: int | None = None) -> None:
    """Make messages that wait for a destination due now (the `limit` oldest, or all) and wake the relays for them."""
    waiting = (
        select(OUTBOX.c.id)
        .where(OUTBOX.c.waiting_for == executor, OUTBOX.c.due_at > now, OUTBOX.c.leased_until.is_(None))
        .order_by(OUTBOX.c.seq)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    query = update(OUTBOX).where(OUTBOX.c.id.in_(waiting)).values(due_at=now).returning(OUTBOX.c.id)
    if session.scalars(query).all():
        wake(session)


def purge_batch(session: Session, *, before: datetime) -> int:
    """Delete messages that were done, cancelled or discarded before then, at most 10,000; returns how many."""
    is_old = OUTBOX_CLOSED.c.closed_at < before, OUTBOX_CLOSED.c.final_state.not_in(DEAD_LETTER_STATES)
    old = select(OUTBOX_CLOSED.c.id).where(*is_old).limit(PURGE_LIMIT)
    query = delete(OUTBOX_CLOSED).where(OUTBOX_CLOSED.c.id.in_(old)).returning(OUTBOX_CLOSED.c.id)
    return len(session.scalars(query).all())


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
