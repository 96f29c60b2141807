"""The audit log, whose tables have one shape in every service, and the one way to write an entry.

Each organisation has a hash chain of its own. A link's hash is SHA-256 over the hash before it and the entry's
canonical form; before the first link stands SHA-256 of the chain's name (the organisation's id, or the empty string for
entries without an organisation). The canonical form is the entry's row as PostgreSQL's `jsonb` writes it, in UTC, in
UTF-8, without members that are null: so columns may be added later without breaking existing links.

A trigger that is deferred to COMMIT makes the link: the lock on an organisation's chain is taken last, is held only
while the database commits, and costs no round trip. A client that stands still cannot hold it. The migrations of each
service create tables and triggers in plain SQL (as in `shared_lib_testing/schema.sql`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text, insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

ENTRIES = Table(
    "audit_entry",
    MetaData(),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("organisation_id", Text),
    Column("actor_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object_id", Text),
    Column("subject_id", Text),
    Column("details", JSONB, nullable=False),
)
"""Ids, codes and times only. `object_id` is what was acted on, `subject_id` the person whom it is about."""

_INSERT = insert(ENTRIES).inline()  # no RETURNING: the id is not needed

GRANTS = {"audit_entry": "SELECT, INSERT", "audit_link": "SELECT", "audit_head": "SELECT"}


def record(
    session: Session,
    *,
    action: str,
    actor_id: str,
    at: datetime,
    organisation_id: str | None,
    object_id: str | None = None,
    subject_id: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write an entry in the transaction of the act; does not commit. The database refuses to change it later.

    `details` hold further ids, codes and times that JSON can carry. An entry without an organisation is seen by
    transactions of all tenants only.
    """
    session.connection().execute(
        _INSERT,
        {
            "at": at,
            "organisation_id": organisation_id,
            "actor_id": actor_id,
            "action": action,
            "object_id": object_id,
            "subject_id": subject_id,
            "details": dict(details or {}),
        },
    )
