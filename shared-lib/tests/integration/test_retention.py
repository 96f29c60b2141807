"""Retention commits each batch, whatever happens to the command."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from shared_lib import idempotency
from shared_lib.cli.data import run_retention
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.errors import Rejected, Unavailable
from shared_lib.idempotency import RequestKey
from shared_lib.outbox import Dispatcher
from shared_lib.privacy.retention import PurgedBatch, RetentionRule, old_deliveries, old_keys
from sqlalchemy import text
from sqlalchemy.orm import Session

from ..outbox_world import Destination, MovableClock, enqueue, rows

Output = pytest.CaptureFixture[str]


def keep_keys(database: Database, count: int, *, owner: str = "a") -> None:
    with database.begin(tenant(owner)) as session:
        for number in range(count):
            key = RequestKey(principal="c", operation="o", key=str(number), fingerprint=b"")
            idempotency.claim(session, key, at=utc_now())


def keys(database: Database) -> int:
    with database.begin(all_tenants("test")) as session:
        return session.scalar(text("SELECT count(*) FROM idempotency_key")) or 0


def one_by_one(fault: Callable[[], None]) -> RetentionRule:
    """Deletes a key per batch; the third one fails."""
    done: list[None] = []

    def purge_batch(session: Session, _: object) -> PurgedBatch:
        count = idempotency.purge_batch(session, before=utc_now() + timedelta(days=1), limit=1)
        done.append(None)
        if len(done) == 3:
            fault()
        return PurgedBatch(removed=count, position=count or None)

    return RetentionRule(name="keys", purge_batch=purge_batch)


def test_old_keys_of_every_tenant_are_deleted(database: Database, capsys: Output) -> None:
    keep_keys(database, 3)
    keep_keys(database, 2, owner="b")
    early, late = utc_now() + timedelta(days=6), utc_now() + timedelta(days=8)

    assert run_retention(database, [old_keys(early)]) == 0
    assert keys(database) == 5
    assert run_retention(database, [old_keys(late)]) == 0
    assert run_retention(database, [old_keys(late)]) == 0

    assert keys(database) == 0
    assert capsys.readouterr().out.splitlines() == ["Removed: 0 keys.", "Removed: 5 keys.", "Removed: 0 keys."]


def test_dead_letters_are_kept(
    dispatcher: Dispatcher, destination: Destination, clock: MovableClock, database: Database, capsys: Output
) -> None:
    def refuse(_: object) -> None:
        raise Rejected("smtp_550")

    enqueue(dispatcher, "good", inline=True)
    destination.before = refuse
    enqueue(dispatcher, "bad", inline=True)

    assert run_retention(database, [old_deliveries(clock.now + timedelta(days=31))]) == 0

    assert capsys.readouterr().out.endswith("\nRemoved: 1 closed deliveries.\n")
    assert [row.payload["name"] for row in rows(database, "outbox_closed")] == ["bad"]


def test_an_interrupted_command_keeps_its_batches_and_says_so(database: Database, capsys: Output) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    keep_keys(database, 5)

    assert run_retention(database, [one_by_one(interrupt)]) == 130
    assert keys(database) == 3
    assert "Interrupted" in (said := capsys.readouterr().out)
    assert said.endswith("Removed: 2 keys.\n")


def test_a_database_failure_loses_one_batch(database: Database) -> None:
    def fail() -> None:
        raise Unavailable("database_57P01")

    keep_keys(database, 5)

    with pytest.raises(Unavailable):
        run_retention(database, [one_by_one(fail)])

    assert keys(database) == 3
    assert run_retention(database, [one_by_one(lambda: None)]) == 0
    assert keys(database) == 0
