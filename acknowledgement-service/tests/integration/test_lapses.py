"""Opening and acknowledging lapses, also from many threads at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from acknowledgement_service import MIGRATIONS
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import (
    CertificationNews,
    Change,
    ClosedReason,
    Lapse,
    LapseNotFound,
    NotYourLapse,
)
from acknowledgement_service.store.tables import Base
from acknowledgement_service.usecases.lapses import Lapses
from acknowledgement_service.usecases.news import News
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.database.schema_revision import revision_of_code, revision_of_database
from shared_lib.idempotency import KEYS
from shared_lib_testing.postgres import Addresses
from shared_lib_testing.schema import accepted_values, columns_accepting_unreadable_moments, different_columns
from sqlalchemy import exc, func, select, text

from ..builders import an_opening
from ..conftest import MovableClock


def audited(database: Database, act: str) -> int:
    with database.begin(all_tenants("test")) as session:
        return session.scalar(select(func.count()).select_from(ENTRIES).where(ENTRIES.c.action == act)) or 0


def test_opening_twice_stores_one_lapse(lapses: Lapses, database: Database) -> None:
    opening = an_opening()
    first, second = lapses.open(opening, by="notification-service"), lapses.open(opening, by="notification-service")

    assert (first.is_new, second.is_new) == (True, False)
    assert first.lapse == second.lapse
    assert audited(database, "opened") == 1


def test_twenty_concurrent_acknowledgements_leave_one_time_and_one_audit_entry(
    lapses: Lapses, database: Database
) -> None:
    opening = an_opening()
    lapses.open(opening, by="notification-service")

    def acknowledge(_: int) -> tuple[bool, object]:
        outcome = lapses.acknowledge(opening.notification_id, opening.coordinator_id, principal=ANONYMOUS, key=None)
        return outcome.is_new, outcome.lapse.acknowledged_at

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(acknowledge, range(20)))

    assert [is_new for is_new, _ in answers].count(True) == 1
    assert len({moment for _, moment in answers}) == 1
    assert audited(database, "acknowledged") == 1


def test_acknowledging_again_keeps_the_first_time(lapses: Lapses, clock: MovableClock) -> None:
    opening = an_opening()
    lapses.open(opening, by="notification-service")
    first = lapses.acknowledge(opening.notification_id, opening.coordinator_id, principal=ANONYMOUS, key=None)
    clock.now += timedelta(days=1)
    second = lapses.acknowledge(opening.notification_id, opening.coordinator_id, principal=ANONYMOUS, key=None)

    assert first.lapse == second.lapse


def acknowledged_by_post(lapses: Lapses, lapse: Lapse) -> datetime | None:
    answer = lapses.acknowledge(lapse.notification_id, lapse.coordinator_id, principal=ANONYMOUS, key=None)
    return answer.lapse.acknowledged_at


def acknowledged_by_put(lapses: Lapses, lapse: Lapse) -> datetime | None:
    return lapses.change(lapse.id, Change(is_acknowledged=True), principal=ANONYMOUS, versions=None).acknowledged_at


def closed_by_renewal(lapses: Lapses, lapse: Lapse) -> datetime | None:
    news = CertificationNews(
        organisation_id=lapse.organisation_id,
        mentor_id=lapse.mentor_id,
        expires_at=lapse.expiry_date + timedelta(days=365),
        reason=ClosedReason.RENEWED,
        version=1,
    )
    News(database=lapses.database, cipher=lapses.cipher, clock=lapses.clock).certification(news, by="notification")
    return lapses.find(lapse.id, principal=ANONYMOUS).closed_at


@pytest.mark.parametrize("ended", [acknowledged_by_post, acknowledged_by_put, closed_by_renewal])
def test_on_a_host_whose_clock_is_behind_a_lapse_ends_no_earlier_than_it_began(
    lapses: Lapses, clock: MovableClock, ended: Callable[[Lapses, Lapse], datetime | None]
) -> None:
    lapse = lapses.open(an_opening(), by="notification-service").lapse
    clock.now -= timedelta(seconds=2)

    assert ended(lapses, lapse) == lapse.created_at


def test_a_refused_acknowledgement_changes_nothing(lapses: Lapses, database: Database) -> None:
    opening = an_opening()
    lapse = lapses.open(opening, by="notification-service").lapse

    with pytest.raises(NotYourLapse):
        lapses.acknowledge(opening.notification_id, "coordinator-007", principal=ANONYMOUS, key=None)
    with pytest.raises(LapseNotFound):
        lapses.acknowledge(an_opening().notification_id, opening.coordinator_id, principal=ANONYMOUS, key=None)

    assert lapses.find(lapse.id, principal=ANONYMOUS) == lapse
    assert audited(database, "acknowledged") == 0


def test_audit_entries_cannot_be_changed(lapses: Lapses, database: Database) -> None:
    lapses.open(an_opening(), by="notification-service")

    for statement in ("UPDATE audit_entry SET actor_id = 'x'", "DELETE FROM audit_entry"):
        with pytest.raises(exc.DBAPIError), database.begin(all_tenants("test")) as session:
            session.execute(text(statement))


def test_the_migrations_create_the_tables_that_the_code_describes(database: Database) -> None:
    assert different_columns(database, Base.metadata, ENTRIES.metadata, KEYS.metadata) == []
    assert revision_of_database(database) == revision_of_code(MIGRATIONS)


def test_the_database_stores_no_moment_that_a_list_could_not_show(addresses: Addresses) -> None:
    unlisted = {"idempotency_key", "outbox_worker"}

    assert columns_accepting_unreadable_moments(addresses.owner, besides=unlisted) == []


def test_the_database_stores_audit_details_that_a_list_can_show_and_no_others(addresses: Addresses) -> None:
    assert accepted_values(addresses.owner, "audit_entry", "details", ["{}", "[]", "1", "null"]) == ["{}"]
