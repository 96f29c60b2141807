"""Personal data: what was kept long enough is deleted, in batches that each commit; what is kept can be exported."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from shared_lib import idempotency
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import store

BATCH = 2_000
"""How many rows a batch reads at most: it holds its locks for a fraction of a second."""

EVERY_TENANT = all_tenants("retention")


@dataclass(frozen=True, kw_only=True)
class PurgedBatch:
    """How many texts or rows a batch removed, and the position after which the next one begins; None after the last."""

    removed: int
    position: Any = None


Rows = dict[str, list[dict[str, Any]]]

PurgeBatch = Callable[[Session, Any], PurgedBatch]
"""Purges one batch after a position, None for the first one. It does not commit."""


@dataclass(frozen=True, kw_only=True)
class RetentionRule:
    """What is removed (`name`, in the plural, for people), and how. It may run again at any time."""

    name: str
    purge_batch: PurgeBatch


def old_keys(now: datetime) -> RetentionRule:
    """The rule for idempotency keys past their time. Relays delete them as well."""
    before = now - idempotency.RETENTION
    return _by_age("keys", lambda session: idempotency.purge_batch(session, before=before, limit=BATCH))


def old_deliveries(now: datetime) -> RetentionRule:
    """Rows of the outbox that ended well: relays remove some every hour, this removes all."""
    return _by_age("closed deliveries", lambda session: store.purge_batch(session, before=now - store.RETENTION))


def by_statement(name: str, statement: TextClause, *, first: Any, **values: Any) -> RetentionRule:
    """The rule for a statement that looks at `:limit` rows after the id `:after`, which is `first` in the first batch.

    It returns how many it `removed`, and the last id that it looked at (`position`), NULL after the last row.
    """

    def purge_batch(session: Session, after: Any) -> PurgedBatch:
        position = first if after is None else after
        row = session.execute(statement, {"after": position, "limit": BATCH, **values}).one()
        return PurgedBatch(removed=row.removed, position=row.position)

    return RetentionRule(name=name, purge_batch=purge_batch)


def purge(database: Database, rules: Sequence[RetentionRule]) -> Iterator[tuple[str, int]]:
    """Apply the rules; yields the rule's name and how much a batch removed once it is committed.

    It may be interrupted at any time and repeated. Raises Unavailable.
    """
    for rule in rules:
        yield rule.name, 0
        position, is_first = None, True
        while is_first or position is not None:
            with database.begin(EVERY_TENANT) as session:
                purged = rule.purge_batch(session, position)
            if purged.removed:
                yield rule.name, purged.removed
            position, is_first = purged.position, False


def _by_age(name: str, delete: Callable[[Session], int]) -> RetentionRule:
    """The rule for rows that are found by their age: batches follow until one deletes nothing."""

    def purge_batch(session: Session, _: Any) -> PurgedBatch:
        count = delete(session)
        return PurgedBatch(removed=count, position=count or None)

    return RetentionRule(name=name, purge_batch=purge_batch)


def rows_of_person(session: Session, conditions: Mapping[str, str], person_id: str) -> Rows:
    """The rows of each table that meet its condition in `conditions` (SQL with the parameter `:person`).

    Values are as in JSON: times in UTC, bytes in hexadecimal. Tables without such a row are left out. Sets the time
    zone of the transaction to UTC.
    """
    session.execute(text("SET LOCAL timezone = 'UTC'"))
    found = {}
    for table, condition in conditions.items():
        query = text(f"SELECT to_jsonb(t)::text FROM {table} t WHERE {condition}")  # noqa: S608 - constants of the service
        if rows := [json.loads(row) for row in session.scalars(query, {"person": person_id})]:
            found[table] = rows
    return found
