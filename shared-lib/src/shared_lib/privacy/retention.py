"""Retention: deletes what was kept long enough, in batches that each commit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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


def purge(database: Database, rules: Sequence[RetentionRule]) -> Iterator[tuple[str, int]]:
    """Apply the rules; yields the rule's name and how much a batch removed once it is committed.

    It may be interrupted at any time and repeated. Raises Unavailable.
    """
    for rule in rules:
        yield rule.name, 0
        for count in _batches(database, rule):
            yield rule.name, count


def _batches(database: Database, rule: RetentionRule) -> Iterator[int]:
    """How many each batch has removed, after its commit."""
    position = None
    while True:
        with database.begin(EVERY_TENANT) as session:
            purged = rule.purge_batch(session, position)
        if purged.removed:
            yield purged.removed
        if purged.position is None:
            return
        position = purged.position


def _by_age(name: str, delete: Callable[[Session], int]) -> RetentionRule:
    """The rule for rows that are found by their age: batches follow until one deletes nothing."""

    def purge_batch(session: Session, _: Any) -> PurgedBatch:
        count = delete(session)
        return PurgedBatch(removed=count, position=count or None)

    return RetentionRule(name=name, purge_batch=purge_batch)
