"""Retention deletes notes and idempotency keys; lapses stay."""

from datetime import timedelta

import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import CertificationNews, Change, ClosedReason, Lapse
from acknowledgement_service.store.retention import rules
from acknowledgement_service.usecases.lapses import Lapses
from acknowledgement_service.usecases.news import News
from shared_lib.audit import ENTRIES
from shared_lib.cli.data import run_retention
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.idempotency import RequestKey
from shared_lib_testing.issuer import Issuer
from sqlalchemy import select

from ..builders import an_opening
from ..conftest import MovableClock

Output = pytest.CaptureFixture[str]
DAYS = 30
KEY = RequestKey(principal="public", operation="acknowledge", key="k", fingerprint=b"f")


@pytest.fixture
def environ(issuer: Issuer, database_url: str) -> dict[str, str]:
    """Without encryption keys: deleting a note does not decrypt it."""
    return issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS="unused")


def purge(database: Database, clock: MovableClock, *, days: int = DAYS) -> None:
    assert run_retention(database, rules(now=clock(), note_retention_days=days)) == 0


def noted(lapses: Lapses, *, acknowledged: bool = True, organisation_id: str = "lhl") -> Lapse:
    """A lapse with a note."""
    lapse = lapses.open(an_opening(organisation_id=organisation_id), by="notification-service").lapse
    change = Change(is_acknowledged=True if acknowledged else None, coordinator_notes="spoke", changes_notes=True)
    return lapses.change(lapse.id, change, principal=ANONYMOUS, versions=None)


def notes_of(lapses: Lapses, lapse: Lapse) -> str | None:
    """The notes, as the response to a PUT shows them."""
    return lapses.notes(lapse.id, principal=ANONYMOUS).coordinator_notes


def test_a_note_is_deleted_after_its_retention_period_and_not_before(
    lapses: Lapses, database: Database, clock: MovableClock
) -> None:
    clock.now = clock.now.replace(microsecond=0)
    lapse = noted(lapses)

    clock.now += timedelta(days=DAYS)
    purge(database, clock)
    kept = notes_of(lapses, lapse)
    clock.now += timedelta(seconds=1)
    purge(database, clock)

    found = lapses.find(lapse.id, principal=ANONYMOUS)
    assert (kept, notes_of(lapses, lapse)) == ("spoke", None)
    assert (found.acknowledged_at, found.version) == (lapse.acknowledged_at, lapse.version + 1)
    with database.begin(all_tenants("test")) as session:
        written = session.execute(select(ENTRIES).where(ENTRIES.c.action == "notes_expired")).one()
    assert (written.object_id, written.actor_id, written.organisation_id) == (str(lapse.id), "retention", "lhl")


def test_a_note_of_an_open_lapse_stays(lapses: Lapses, database: Database, clock: MovableClock) -> None:
    lapse = noted(lapses, acknowledged=False)

    clock.now += timedelta(days=3650)
    purge(database, clock)

    assert notes_of(lapses, lapse) == "spoke"


def test_a_note_of_a_lapse_that_was_closed_unseen_is_deleted_as_well(
    lapses: Lapses, database: Database, clock: MovableClock
) -> None:
    lapse = noted(lapses, acknowledged=False)
    news = CertificationNews(
        mentor_id=lapse.mentor_id, organisation_id="lhl", expires_at=None, reason=ClosedReason.MENTOR_LEFT, version=1
    )
    News(database=database, cipher=lapses.cipher, clock=clock).certification(news, by="test")

    clock.now += timedelta(days=DAYS + 1)
    purge(database, clock)

    assert notes_of(lapses, lapse) is None


def test_a_recent_note_stays_however_old_its_lapse_is(lapses: Lapses, database: Database, clock: MovableClock) -> None:
    lapse = noted(lapses)
    clock.now += timedelta(days=DAYS)
    lapses.change(lapse.id, Change(coordinator_notes="again", changes_notes=True), principal=ANONYMOUS, versions=None)

    clock.now += timedelta(days=DAYS - 1)
    purge(database, clock)
    kept = notes_of(lapses, lapse)
    clock.now += timedelta(days=2)
    purge(database, clock)

    assert (kept, notes_of(lapses, lapse)) == ("again", None)


def test_notes_stay_without_a_retention_period(
    lapses: Lapses, clock: MovableClock, environ: dict[str, str], capsys: Output
) -> None:
    clock.now -= timedelta(days=400)
    lapse, _ = noted(lapses), noted(lapses, organisation_id="nhf")

    assert main(["retention", "run"], environ) == 0
    assert notes_of(lapses, lapse) == "spoke"
    assert [main(["retention", "run"], {**environ, "NOTE_RETENTION_DAYS": "399"}) for _ in range(2)] == [0, 0]
    assert notes_of(lapses, lapse) is None

    assert capsys.readouterr().out.splitlines() == [
        "Removed: 0 keys.",
        "Removed: 2 notes, 0 keys.",
        "Removed: 0 notes, 0 keys.",
    ]
    assert main(["audit", "verify"], environ) == 0


def test_an_idempotency_key_is_deleted_after_its_retention_period_and_not_before(
    lapses: Lapses, database: Database, clock: MovableClock, capsys: Output
) -> None:
    opening = an_opening()
    lapses.open(opening, by="notification-service")
    lapses.acknowledge(opening.notification_id, opening.coordinator_id, principal=ANONYMOUS, key=KEY)

    clock.now += timedelta(hours=48)
    purge(database, clock, days=0)
    clock.now += timedelta(days=6)
    purge(database, clock, days=0)

    assert capsys.readouterr().out.splitlines() == ["Removed: 0 keys.", "Removed: 1 keys."]
