"""A person's data, as far as the orchestrator holds them; the other_services are asked after it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from orchestrator_service.app.relay import create_person_data
from orchestrator_service.config import Config
from orchestrator_service.domain.announcements import Status
from orchestrator_service.domain.errors import ImportRunning
from orchestrator_service.store import directory_staging
from orchestrator_service.usecases.pause_events import PauseEvents
from orchestrator_service.usecases.person_data import PersonData
from shared_lib.agenda import AgendaLoop
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy import text

from ..builders import COORDINATOR, GLOBAL_ADMIN, INGRID, MENTOR, a_draft, two_organisations
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock

pytestmark = pytest.mark.usefixtures("directory")


@dataclass
class FakeServices:
    failure: Exception | None = None
    erased: list[str] = field(default_factory=list)

    def export(self, person_id: str) -> Mapping[str, Any]:
        return {"notification": {}, "acknowledgement": {}}

    def erase(self, person_id: str) -> Mapping[str, Any]:
        if self.failure is not None:
            raise self.failure
        self.erased.append(person_id)
        return {"notification": {}, "acknowledgement": {}}


@pytest.fixture
def other_services() -> FakeServices:
    return FakeServices()


@pytest.fixture
def person_data(environ: dict[str, str], other_services: FakeServices, clock: MovableClock) -> Iterator[PersonData]:
    found = create_person_data(Config.from_env(environ), elsewhere=other_services, clock=clock)
    yield found
    found.database.close()


def test_own_reasons_are_readable_in_the_export_and_the_export_is_audited(
    person_data: PersonData, pause_events: PauseEvents, database: Database
) -> None:
    pause_events.record(a_draft(reason="Spinal surgery"), principal=INGRID, key=None, wait_seconds=0)

    own = person_data.export(MENTOR)["orchestrator"]
    coordinators = person_data.export(COORDINATOR)["orchestrator"]

    assert [event["reason"] for event in own["pause_event"]] == ["Spinal surgery"]
    assert [event["acted_by_name"] for event in coordinators["pause_event"]] == ["Ingrid Bakke"]
    assert "Spinal" not in str(coordinators)
    with database.begin(all_tenants("test")) as session:
        noted = session.scalars(text("SELECT subject_id FROM audit_entry WHERE action = 'person_exported'"))
        assert list(noted) == [MENTOR, COORDINATOR]


def test_broken_off_after_our_own_part_it_is_run_again(
    person_data: PersonData,
    other_services: FakeServices,
    pause_events: PauseEvents,
) -> None:
    event = pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=0).event
    other_services.failure = Unreachable("down")
    with pytest.raises(Unreachable):
        person_data.erase(MENTOR)
    assert pause_events.find(event.id, principal=GLOBAL_ADMIN).reason is None

    other_services.failure = None
    again = person_data.erase(MENTOR)

    assert other_services.erased == [MENTOR]
    assert set(again["orchestrator"].values()) == {0}


class ErasedMeanwhile:
    """The cipher of a recording while the mentor is erased: encrypts when that is done, or has to wait for it."""

    def __init__(self, cipher: FieldCipher, erase: Callable[[], object], database: Database) -> None:
        self.cipher, self.database = cipher, database
        self.erasing = threading.Thread(target=erase)

    def encrypt(self, row_id: str, text: str) -> tuple[str, bytes]:
        self.erasing.start()
        while self.erasing.is_alive() and not self._a_lock_is_waited_for():
            self.erasing.join(0.01)
        return self.cipher.encrypt(row_id, text)

    def decrypt(self, row_id: str, key_id: str, encrypted: bytes) -> str:
        return self.cipher.decrypt(row_id, key_id, encrypted)

    def _a_lock_is_waited_for(self) -> bool:
        with self.database.begin(all_tenants("test")) as session:
            return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_a_reason_that_is_being_recorded_is_removed_with_the_others(
    person_data: PersonData, pause_events: PauseEvents, database: Database
) -> None:
    cipher = ErasedMeanwhile(pause_events.cipher, lambda: person_data.erase(MENTOR), database)

    replace(pause_events, cipher=cipher).record(
        a_draft(reason="Spinal surgery"), principal=INGRID, key=None, wait_seconds=0
    )
    cipher.erasing.join()

    with database.begin(all_tenants("test")) as session:
        assert list(session.scalars(text("SELECT encrypted_reason FROM pause_event"))) == [None]


def test_messages_about_an_erased_person_that_have_not_left_are_skipped(
    person_data: PersonData, pause_events: PauseEvents, notifier: FakeNotifier, dispatcher: Dispatcher
) -> None:
    notifier.still_queued = frozenset({MENTOR})
    event = pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=1).event

    removed = person_data.erase(MENTOR)["orchestrator"]

    assert (removed["outbox_messages"], removed["skipped"]) == (1, 1)
    results = pause_events.find(event.id, principal=GLOBAL_ADMIN).dispatch_results
    assert {result.recipient_id: result.status for result in results} == {
        MENTOR: Status.SKIPPED,
        COORDINATOR: Status.SENT,
    }


def test_mentors_of_an_erased_coordinator_get_another(
    person_data: PersonData, notifier: FakeNotifier, dispatcher: Dispatcher
) -> None:
    person_data.erase(COORDINATOR)
    dispatcher.run_once()

    assert notifier.contact_of(MENTOR).coordinator_id is None
    told_last = notifier.contacts[-1]
    assert COORDINATOR not in [person.id for person in told_last.people]


def test_a_file_does_not_bring_an_erased_person_back(person_data: PersonData, bring_in: Import) -> None:
    person_data.erase(MENTOR)

    report = bring_in(*two_organisations())

    assert report.left_out == (MENTOR,)
    left = person_data.export(MENTOR)["orchestrator"]
    assert not {"membership", "certification", "contact"} & left.keys()
    assert left["person"][0]["name"] == ""


def test_it_does_not_run_beside_an_import(person_data: PersonData, database: Database) -> None:
    with database.begin(all_tenants("test")) as session:
        assert directory_staging.begin(session)
        with pytest.raises(ImportRunning):
            person_data.erase(MENTOR)


def test_what_is_due_about_a_pause_is_exported_and_ends_with_the_erasure(
    person_data: PersonData, pause_events: PauseEvents, agenda: AgendaLoop, clock: MovableClock
) -> None:
    returns = clock() + timedelta(days=30)
    pause_events.record(a_draft(expected_return_date=returns), principal=INGRID, key=None, wait_seconds=0)
    agenda.poll()
    exported = person_data.export(MENTOR)["orchestrator"]
    assert [row["subject"] for row in exported["agenda"]] == [f"pause:{MENTOR}"]
    assert exported["pause_event"][0]["recorded_by_id"] == COORDINATOR
    assert person_data.export(COORDINATOR)["orchestrator"]["pause_event"][0]["recorded_by_id"] == COORDINATOR

    person_data.erase(MENTOR)
    agenda.poll()

    acts = person_data.export(MENTOR)["orchestrator"]["planned_act"]
    assert {act["reason"] for act in acts} == {"ended"}
    assert len(acts) == 3
