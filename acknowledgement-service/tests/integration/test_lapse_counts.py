"""The kept counts are the rows, whatever happens at the same time."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.access import ANONYMOUS, AccessScope
from acknowledgement_service.domain.model import Filters, Lapse
from acknowledgement_service.store import lapses as store
from acknowledgement_service.store.lapses import COUNTS
from acknowledgement_service.usecases.lapses import Lapses
from shared_lib.database.counter_tables import run_check
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.pagination import PageRequest
from shared_lib.statements import ask
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import Addresses

from ..builders import an_opening


class Changed(Exception):
    """Somebody thought better of it."""


@pytest.fixture
def environ(issuer: Issuer, addresses: Addresses) -> dict[str, str]:
    return issuer.environ(DATABASE_URL=addresses.app, DATABASE_OWNER_URL=addresses.owner, NOTE_ENCRYPTION_KEYS="unused")


@pytest.fixture
def owner(addresses: Addresses) -> Database:
    return Database.open(addresses.owner, pool_size=2)


def _bustle(lapses: Lapses, database: Database, number: int) -> None:
    """Open, acknowledge, delete, roll back, and bring in many at once."""
    chance = random.Random(number)
    opening = an_opening(notification_id=uuid4(), coordinator_id=f"c{number % 3}")
    opened = lapses.open(opening, by="notification-service").lapse
    if chance.random() < 0.5:
        lapses.acknowledge(opening.notification_id, opening.coordinator_id, principal=ANONYMOUS, key=None)
    if chance.random() < 0.3:
        with database.begin(tenant(opening.organisation_id)) as session:
            store.remove(session, opened)
    with suppress(Changed), database.begin(tenant(opening.organisation_id)) as session:
        ask(session, "UPDATE lapse SET acknowledged_at = now() WHERE id = %(id)s", {"id": opened.id})
        ask(session, "DELETE FROM lapse WHERE id = %(id)s", {"id": opened.id})
        raise Changed
    lapses.import_records(
        [
            Lapse.opened(
                an_opening(notification_id=uuid4(), coordinator_id=f"c{who}"), lapse_id=uuid4(), at=opened.created_at
            )
            for who in (0, 1, 2)
        ]
    )


def test_they_stay_right_while_many_write(lapses: Lapses, database: Database, owner: Database) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: _bustle(lapses, database, number), range(40)))

    assert run_check(owner, COUNTS, repair=False) == (0, "All counts are right.")


def test_every_filter_has_the_total_of_its_rows(lapses: Lapses, database: Database) -> None:
    for number in range(12):
        _bustle(lapses, database, number)
    with database.begin(all_tenants("test")) as session:
        for scope in (
            AccessScope(),
            AccessScope(organisation_id=an_opening().organisation_id),
            AccessScope(coordinator_id="c1"),
            AccessScope(is_empty=True),
        ):
            for filters in (
                Filters(),
                Filters(coordinator_id="c1"),
                Filters(is_acknowledged=True),
                Filters(is_acknowledged=False),
            ):
                page = store.page(session, filters, PageRequest(limit=100), scope=scope)
                assert page.total == len(page.items)


def test_the_command_finds_a_wrong_count_and_mends_it(
    lapses: Lapses, owner: Database, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lapses.open(an_opening(), by="notification-service")
    with owner.begin(all_tenants("test")) as session:
        ask(session, "UPDATE lapse_count SET lapses = lapses + 7")

    assert main(["counts", "verify"], environ) == 1
    assert main(["counts", "repair"], environ) == 0
    assert main(["counts", "verify"], environ) == 0
    assert "1 counts are wrong" in capsys.readouterr().out


def test_one_organisation_does_not_wait_for_another(lapses: Lapses, database: Database) -> None:
    with database.begin(tenant("nhf")) as session:
        ask(session, "SET LOCAL lock_timeout = '1s'")
        store.add_once(session, Lapse.opened(an_opening(organisation_id="nhf"), lapse_id=uuid4(), at=lapses.clock()))
        assert lapses.open(an_opening(organisation_id="lhl"), by="notification-service").is_new
