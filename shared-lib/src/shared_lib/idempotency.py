"""Idempotency keys: the same request twice has one effect (IETF draft-ietf-httpapi-idempotency-key-header)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.orm import Session

from shared_lib.database.row_level_security import CURRENT_TENANT, enable_row_level_security
from shared_lib.pipeline import Answer
from shared_lib.statements import ask_one, send

KEPT = timedelta(days=7)
"""How long a key is known: longer than the oldest repetition of ours (72 h), and than the 48 h promised to clients."""

CREATE = """
CREATE TABLE idempotency_key (
    caller text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    resource_id text,
    status integer,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (caller, operation, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
"""
"""The first version, for the services' own migrations."""

PER_TENANT = f"""
ALTER TABLE idempotency_key ADD COLUMN tenant text NOT NULL DEFAULT '';
ALTER TABLE idempotency_key ALTER COLUMN tenant SET DEFAULT COALESCE({CURRENT_TENANT}, '');
ALTER TABLE idempotency_key DROP CONSTRAINT idempotency_key_pkey, ADD PRIMARY KEY (tenant, caller, operation, key);
{enable_row_level_security("idempotency_key", "tenant")}"""
"""The second version: a key belongs to the tenant within which it was used; '' for one used across all of them.

Keys of before the change are known across tenants only.
"""

_NOBODY_WAITS = "another primary key takes its place; code of before row-level security is not served meanwhile anyway"
PER_TENANT_ACCEPTS = dict.fromkeys(
    ("ban-drop-constraint", "adding-serial-primary-key-field", "constraint-missing-not-valid"), _NOBODY_WAITS
)
"""For the `accepts` of the services' migrations."""

GRANTS = {"idempotency_key": "SELECT, INSERT, UPDATE, DELETE"}


class KeyReused(Exception):
    """The same Idempotency-Key came with another request body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; take a new key for a new request.")


@dataclass(frozen=True, kw_only=True)
class RequestKey:
    """Who asked for what under which key. The fingerprint tells bodies apart without keeping them."""

    caller: str
    operation: str
    key: str
    fingerprint: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What the key stands for already."""

    resource_id: str
    status: int


def idempotency_table(metadata: MetaData) -> Table:
    """Describe `idempotency_key` on a service's metadata, as `CREATE` and `PER_TENANT` make it."""
    table = Table(
        "idempotency_key",
        metadata,
        Column("tenant", Text, primary_key=True, server_default=text(f"COALESCE({CURRENT_TENANT}, '')")),
        Column("caller", Text, primary_key=True),
        Column("operation", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("resource_id", Text),
        Column("status", Integer),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )
    Index("idempotency_key_age", table.c.created_at)
    return table


_THIS = (
    f"WHERE tenant = COALESCE({CURRENT_TENANT}, '') "
    "AND caller = %(caller)s AND operation = %(operation)s AND key = %(key)s"
)
_CLAIM = (
    "INSERT INTO idempotency_key (caller, operation, key, fingerprint, resource_id, status, created_at) "
    "VALUES (%(caller)s, %(operation)s, %(key)s, %(fingerprint)s, %(resource_id)s, %(status)s, %(at)s) "
    "ON CONFLICT DO NOTHING RETURNING key"
)
_KNOWN = f"SELECT fingerprint, resource_id, status FROM idempotency_key {_THIS}"  # noqa: S608
_BIND = f"UPDATE idempotency_key SET resource_id = %(resource_id)s, status = %(status)s {_THIS}"  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The taking of a key, under way. `foreseen`: what it will stand for if nothing else turns out."""

    session: Session = field(repr=False)
    request: RequestKey
    foreseen: Replay | None
    taken: Answer = field(repr=False)

    def replay(self) -> Replay | None:
        """What the key stands for already. None: it is ours, `bind` it before the transaction ends.

        Twins wait for each other on the primary key. Raises `KeyReused`.
        """
        if self.taken.rows:
            return None
        known = ask_one(self.session, _KNOWN, _names(self.request))
        if bytes(known.fingerprint) != self.request.fingerprint:
            raise KeyReused
        return Replay(resource_id=known.resource_id, status=known.status)

    def bind(self, stands_for: Replay) -> None:
        """Say what the key stands for from now on, and with which HTTP status it was answered first.

        Nothing is sent when that was foreseen.
        """
        if stands_for != self.foreseen:
            send(self.session, _BIND, {**_names(self.request), **vars(stands_for)})


def claim(session: Session, request: RequestKey, *, at: datetime, foreseen: Replay | None = None) -> Claim:
    """Take the key, or learn what it stands for.

    Whoever has chosen an id for what he is about to make says so (`foreseen`), and saves a statement.
    """
    stands_for = vars(foreseen) if foreseen is not None else {"resource_id": None, "status": None}
    values = {**_names(request), **stands_for, "fingerprint": request.fingerprint, "at": at}
    return Claim(session=session, request=request, foreseen=foreseen, taken=send(session, _CLAIM, values))


def _names(request: RequestKey) -> dict[str, str]:
    return {"caller": request.caller, "operation": request.operation, "key": request.key}


def forget(session: Session, *, before: datetime, most: int | None = None) -> int:
    """Remove keys older than `before`, `most` of them if that is said; answers how many."""
    gone = session.execute(
        text(
            "DELETE FROM idempotency_key WHERE (tenant, caller, operation, key) IN (SELECT tenant, caller, operation, "
            "key FROM idempotency_key WHERE created_at < :before LIMIT :most) RETURNING 1"
        ),
        {"before": before, "most": most},
    )
    return len(gone.all())
