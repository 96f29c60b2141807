"""`tidy`: removes what is kept for a time only, in batches that each hold for good."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from shared_lib import idempotency
from shared_lib.breaking_off import INTERRUPTED, sigterm_is_heard
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import store
from shared_lib.progress import ProgressBar

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
        "keys", lambda session: idempotency.purge_batch(session, before=now - idempotency.RETENTION, limit=BATCH)
    )


def old_deliveries(now: datetime) -> RetentionRule:
    """Rows of the outbox that ended well: relays remove some every hour, this removes all."""
    return _repeated("closed deliveries", lambda session: store.purge_batch(session, before=now - store.RETENTION))


def run(database: Database, rules: Sequence[RetentionRule]) -> int:
    """Carry out `tidy`, and say in the last line what was removed; answers the exit code.

    It may be broken off at any moment, by Ctrl-C or SIGTERM, and begun again: every batch is a transaction of its own.
    Raises Unavailable.
    """
    removed = dict.fromkeys((rule.what for rule in rules), 0)
    try:
        with sigterm_is_heard(), ProgressBar() as bar:
            for rule in rules:
                bar.at(rule.what)
                for count in _batches(database, rule):
                    removed[rule.what] += count
                    bar.at(f"{rule.what}: {removed[rule.what]}")
    except KeyboardInterrupt:
        print(f"Interrupted; begin again when you like. {_sentence(removed)}")
        return INTERRUPTED
    print(_sentence(removed))
    return 0


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


def _sentence(removed: dict[str, int]) -> str:
    return f"Removed: {', '.join(f'{count} {what}' for what, count in removed.items())}."
