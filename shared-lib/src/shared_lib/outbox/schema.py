"""The tables of the outbox: messages to deliver in one small table, closed messages in another.

The migrations of each service create them in plain SQL (as in `shared_lib_testing/schema.sql`).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    TextClause,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def _columns(*, count_default: TextClause | None = None) -> list[Column[Any]]:
    """The columns that both tables of messages have."""
    moment = DateTime(timezone=True)
    counts = ("attempts", "crash_count", "ambiguous_count")
    return [
        Column("id", Uuid, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("tenant", Text, nullable=False),
        Column("ordering_key", Text),
        *(Column(name, Integer, nullable=False, server_default=count_default) for name in counts),
        Column("in_flight_since", moment),
        Column("created_at", moment, nullable=False),
        Column("due_at", moment, nullable=False),
        Column("expires_at", moment),
        Column("waiting_for", Text),
        Column("last_reason", Text),
        Column("request_id", Text),
    ]


_METADATA = MetaData()

OUTBOX = Table(
    "outbox",
    _METADATA,
    *_columns(count_default=text("0")),
    Column("seq", BigInteger, Identity(), nullable=False),
    Column("leased_by", Uuid),
    Column("leased_until", DateTime(timezone=True)),
)
"""Messages to deliver."""

OUTBOX_CLOSED = Table(
    "outbox_closed",
    _METADATA,
    *_columns(),
    Column("seq", BigInteger, nullable=False),
    Column("final_state", Text, nullable=False),
    Column("closed_at", DateTime(timezone=True), nullable=False),
)

OUTBOX_WORKER = Table(
    "outbox_worker",
    _METADATA,
    Column("id", Uuid, primary_key=True),
    Column("heartbeat_at", DateTime(timezone=True), nullable=False),
)

GRANTS = dict.fromkeys(("outbox", "outbox_closed", "outbox_worker"), "SELECT, INSERT, UPDATE, DELETE")
