"""Retention: deletes what was kept long enough, in batches that each commit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from shared_lib import idempotency
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import closed

BATCH = 2_000
"""How many rows a batch looks at: its locks are held for a fraction of a second."""

EVERY_TENANT = all_tenants("retention")


@dataclass(frozen=True, kw_only=True)
class PurgedBatch:
    """How much a batch removed, and where the next one goes on: None when there is nothing left to look at."""

    removed: int
    position: Any = None


PurgeBatch = Callable[[Session, Any], PurgedBatch]
"""One batch, from a position on; the first one is given None."""


@dataclass(frozen=True, kw_only=True)
class RetentionRule:
    """What is removed (in the plural, for people), and how. A second sweep right after the first removes nothing."""

    what: str
    sweep: PurgeBatch


def old_keys(now: datetime) -> RetentionRule:
    """Idempotency-Keys past their time, which relays forget as well where there are any."""
    return _repeated(
        "keys", lambda session: idempotency.purge_batch(session, before=now - idempotency.KEPT, limit=BATCH)
    )


def old_deliveries(now: datetime) -> RetentionRule:
    """Rows of the outbox that ended well: relays remove some every hour, this removes all."""
    return _repeated("closed deliveries", lambda session: closed.forget(session, before=now - closed.KEPT))


def purge(database: Database, rules: Sequence[RetentionRule]) -> Iterator[tuple[str, int]]:
    """Apply the rules; yields the rule's `what` and how much a batch removed once it is committed.

    It may be interrupted at any time and repeated. Raises Unavailable.
    """
    for rule in rules:
        yield rule.what, 0
        for count in _batches(database, rule):
            yield rule.what, count


def _batches(database: Database, rule: RetentionRule) -> Iterator[int]:
    """How much each batch has removed, once that is certain."""
    position = None
    while True:
        with database.begin(EVERY_TENANT) as session:
            swept = rule.sweep(session, position)
        if swept.removed:
            yield swept.removed
        if swept.position is None:
            return
        position = swept.position


def _repeated(what: str, remove: Callable[[Session], int]) -> RetentionRule:
    """For what is found by its age: until there is no more."""

    def sweep(session: Session, _: Any) -> PurgedBatch:
        count = remove(session)
        return PurgedBatch(removed=count, position=count or None)

    return RetentionRule(what=what, sweep=sweep)
