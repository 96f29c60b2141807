"""Idempotency keys: the same request twice has one effect (IETF draft-ietf-httpapi-idempotency-key-header)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared_lib.database.row_level_security import CURRENT_TENANT

RETENTION = timedelta(days=7)
"""How long a key is kept: longer than our own retries (72 h) and than the 48 h that clients may rely on."""

GRANTS = {"idempotency_key": "SELECT, INSERT, UPDATE, DELETE"}


class KeyReused(Exception):
    """The same Idempotency-Key came with another request body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; take a new key for a new request.")


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """Who asked for what under which key. The fingerprint tells bodies apart without keeping them."""

    principal: str
    operation: str
    key: str
    fingerprint: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the key stands for already."""

    resource_id: str
    status: int


KEYS = Table(
    "idempotency_key",
    MetaData(),
    Column("tenant", Text, primary_key=True, server_default=text(f"COALESCE({CURRENT_TENANT}, '')")),
    Column("principal", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("resource_id", Text),
    Column("status", Integer),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("idempotency_key_age", "created_at"),
)
"""A service copies it into its own metadata (`Table.to_metadata`).

A key belongs to the tenant within which it was used; '' for one used across all of them.
"""


def claim(session: Session, request: RequestKey, *, at: datetime) -> Replay | None:
    """Take the key in the session's transaction: None when it was free; `complete` it before the commit.

    Else what the key stands for already. Two requests with one key wait for each other on the primary key. Raises
    KeyReused when the key was used for another body.
    """
    values = {"principal": request.principal, "operation": request.operation, "key": request.key}
    taken = insert(KEYS).values(**values, fingerprint=request.fingerprint, created_at=at)
    if session.scalar(taken.on_conflict_do_nothing().returning(KEYS.c.key)) is not None:
        return None
    columns = select(KEYS.c.fingerprint, KEYS.c.resource_id, KEYS.c.status)
    known = session.execute(columns.where(*_is(request))).one()
    if known.fingerprint != request.fingerprint:
        raise KeyReused
    return Replay(resource_id=known.resource_id, status=known.status)


def complete(session: Session, request: RequestKey, stands_for: Replay) -> None:
    """Store what the claimed key stands for from now on, and the HTTP status of the first answer."""
    values = {"resource_id": stands_for.resource_id, "status": stands_for.status}
    session.execute(update(KEYS).where(*_is(request)).values(values))


def purge_batch(session: Session, *, before: datetime, limit: int | None = None) -> int:
    """Delete keys older than `before`, at most `limit` of them; returns how many."""
    key = tuple_(KEYS.c.tenant, KEYS.c.principal, KEYS.c.operation, KEYS.c.key)
    old = select(*key.clauses).where(KEYS.c.created_at < before).limit(limit)
    return len(session.execute(delete(KEYS).where(key.in_(old)).returning(KEYS.c.key)).all())


def _is(request: RequestKey) -> tuple[ColumnElement[bool], ...]:
    return (
        KEYS.c.tenant == text(f"COALESCE({CURRENT_TENANT}, '')"),
        KEYS.c.principal == request.principal,
        KEYS.c.operation == request.operation,
        KEYS.c.key == request.key,
    )
