"""Idempotency keys: the same request twice has one effect (IETF draft-ietf-httpapi-idempotency-key-header)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
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


class IdempotencyKeyReused(Exception):
    """The same Idempotency-Key came with another request body. Take a new key for a new request."""

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
)
"""A key belongs to the tenant within which it was used; '' for one used across all of them."""


_OWN_KEY = (
    KEYS.c.tenant == text(f"COALESCE({CURRENT_TENANT}, '')"),
    KEYS.c.principal == bindparam("own_principal"),
    KEYS.c.operation == bindparam("own_operation"),
    KEYS.c.key == bindparam("own_key"),
)
_CLAIM = insert(KEYS).on_conflict_do_nothing().returning(KEYS.c.key)
_KNOWN = select(KEYS.c.fingerprint, KEYS.c.resource_id, KEYS.c.status).where(*_OWN_KEY)
_COMPLETE = update(KEYS).where(*_OWN_KEY).values(resource_id=bindparam("resource_id"), status=bindparam("status"))


def claim(session: Session, request: RequestKey, *, at: datetime, stands_for: Replay | None = None) -> Replay | None:
    """Take the key in the session's transaction: None when it was free.

    Else what the key stands for already. Two requests with one key wait for each other on the primary key. Raises
    IdempotencyKeyReused when the key was used for another body. `stands_for` is stored with the key; a caller that does
    not know it yet calls `complete` before the commit.
    """
    replay = {"resource_id": None, "status": None} if stands_for is None else vars(stands_for)
    claimed = session.connection().execute(_CLAIM, {**vars(request), **replay, "created_at": at})
    if claimed.one_or_none() is not None:
        return None
    known = session.execute(_KNOWN, _own(request)).one()
    if known.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused
    return Replay(resource_id=known.resource_id, status=known.status)


def complete(session: Session, request: RequestKey, stands_for: Replay) -> None:
    """Store what the claimed key stands for from now on, and the HTTP status of the first answer."""
    session.execute(_COMPLETE, {**_own(request), **vars(stands_for)})


def _own(request: RequestKey) -> dict[str, str]:
    return {"own_principal": request.principal, "own_operation": request.operation, "own_key": request.key}


def purge_batch(session: Session, *, before: datetime, limit: int | None = None) -> int:
    """Delete keys older than `before`, at most `limit` of them; returns how many."""
    key = tuple_(KEYS.c.tenant, KEYS.c.principal, KEYS.c.operation, KEYS.c.key)
    old = select(*key.clauses).where(KEYS.c.created_at < before).limit(limit)
    return len(session.execute(delete(KEYS).where(key.in_(old)).returning(KEYS.c.key)).all())
