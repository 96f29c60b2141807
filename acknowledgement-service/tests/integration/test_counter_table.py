"""The counter table `lapse_count` equals the number of rows, also under concurrent changes."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import Lapse
from acknowledgement_service.store import lapses as store
from acknowledgement_service.store.lapses import COUNTS
from acknowledgement_service.store.tables import LapseCountRow, LapseRow
from acknowledgement_service.usecases.lapses import Lapses
from shared_lib.database.counter_tables import run_check
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import Addresses
from sqlalchemy import delete, func, text, update

from ..builders import an_opening


class RolledBack(Exception):
    """Ends a transaction without a commit."""


@pytest.fixture
def environ(issuer: Issuer, addresses: Addresses) -> dict[str, str]:
    return issuer.environ(DATABASE_URL=addresses.app, DATABASE_OWNER_URL=addresses.owner, NOTE_ENCRYPTION_KEYS="unused")


@pytest.fixture
def owner(addresses: Addresses) -> Database:
    return Database.open(addresses.owner, pool_size=2)


def change_lapses(lapses: Lapses, database: Database, number: int) -> None:
    """Open, acknowledge, delete, roll back and import lapses."""
    chance = random.Random(number)
    opening = an_opening(notification_id=uuid4(), coordinator_id=f"c{number % 3}")
    opened = lapses.open(opening, by="notification-service").lapse
    if chance.random() < 0.5:
        lapses.acknowledge(opening.notification_id, opening.coordinator_id, principal=ANONYMOUS, key=None)
    if chance.random() < 0.3:
        with database.begin(tenant(opening.organisation_id)) as session:
            store.remove(session, opened)
    with suppress(RolledBack), database.begin(tenant(opening.organisation_id)) as session:
        session.execute(update(LapseRow).where(LapseRow.id == opened.id).values(acknowledged_at=func.now()))
        values = {"closed_at": func.now(), "closed_reason": "renewed", "coordinator_has_left": True}
        session.execute(update(LapseRow).where(LapseRow.id == opened.id).values(values))
        session.execute(delete(LapseRow).where(LapseRow.id == opened.id))
        raise RolledBack
    with database.begin(tenant(opening.organisation_id)) as session:
        for coordinator in ("c0", "c1", "c2"):
            imported = an_opening(coordinator_id=coordinator)
            store.add_once(session, Lapse.opened(imported, lapse_id=uuid4(), at=opened.created_at))


def test_counts_are_right_after_concurrent_changes(lapses: Lapses, database: Database, owner: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: change_lapses(lapses, database, number), range(40)))

    assert run_check(owner, COUNTS, repair=False) == (0, "All counts are right.")


def test_the_command_finds_and_repairs_a_wrong_count(
    lapses: Lapses, owner: Database, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lapses.open(an_opening(), by="notification-service")
    with owner.begin(all_tenants("test")) as session:
        session.execute(update(LapseCountRow).values(lapses=LapseCountRow.lapses + 7))

    assert main(["counts", "verify"], environ) == 1
    assert main(["counts", "repair"], environ) == 0
    assert main(["counts", "verify"], environ) == 0
    assert "1 counts are wrong" in capsys.readouterr().out


def test_organisations_do_not_wait_for_each_other_s_counts(lapses: Lapses, database: Database) -> None:
    with database.begin(tenant("nhf")) as session:
        session.execute(text("SET LOCAL lock_timeout = '1s'"))
        store.add_once(session, Lapse.opened(an_opening(organisation_id="nhf"), lapse_id=uuid4(), at=lapses.clock()))
        assert lapses.open(an_opening(organisation_id="lhl"), by="notification-service").is_new
