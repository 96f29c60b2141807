"""Reading, correcting and removing recorded events."""

import time
from datetime import timedelta

import pytest
from orchestrator_service.domain.announcements import Status
from orchestrator_service.domain.errors import EventNotFound, Outdated, SameEventExists
from orchestrator_service.domain.event_lists import EventFilter
from orchestrator_service.domain.pause_events import Correction, EventType, PauseEvent
from orchestrator_service.domain.roles import Actor, Scope
from orchestrator_service.store.tables import PauseEventRow
from orchestrator_service.usecases.recording import Recording
from orchestrator_service.usecases.records import Records
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib.pagination import Page, PageRequest
from shared_lib_testing.statements import counted_queries
from sqlalchemy import select, update

from ..builders import (
    COORDINATOR,
    DAY,
    EFFECTIVE,
    GLOBAL_ADMIN,
    INGRID,
    LHL_ADMIN,
    MENTOR,
    NHF_ADMIN,
    a_draft,
    assignment,
    mentor,
    person,
)
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock

pytestmark = pytest.mark.usefixtures("directory")
OLAV = Actor(id="coord_2a3b4c5d", scope=Scope(organisation="nhf", coordinator="coord_2a3b4c5d"))


def listed(records: Records, actor: Actor, page: int = 1, limit: int = 20, **wanted: object) -> Page[PauseEvent]:
    return records.page(EventFilter(**wanted), PageRequest(page=page, limit=limit), actor=actor)  # type: ignore[arg-type]


@pytest.fixture
def events(recording: Recording, clock: MovableClock) -> list[PauseEvent]:
    """Three of Ingrid's mentor, one of Olav's, one of lhl's; each a minute later than the one before."""
    found = []
    for mentor_id, event_type, actor in (
        (MENTOR, EventType.PAUSE_ACTIVATED, NHF_ADMIN),
        (MENTOR, EventType.PAUSE_DEACTIVATED, NHF_ADMIN),
        (MENTOR, EventType.CERTIFICATION_EXPIRED, NHF_ADMIN),
        ("pm_662f9511", EventType.PAUSE_ACTIVATED, NHF_ADMIN),
        ("mentor-042", EventType.PAUSE_ACTIVATED, LHL_ADMIN),
    ):
        clock.now += timedelta(minutes=1)
        draft = a_draft(peer_mentor_id=mentor_id, event_type=event_type)
        found.append(recording.record(draft, actor=actor, key=None, wait_seconds=2).event)
    return found


@pytest.mark.parametrize("actor", [GLOBAL_ADMIN, NHF_ADMIN, INGRID], ids=lambda actor: actor.id)
def test_a_list_reads_what_single_events_say(records: Records, events: list[PauseEvent], actor: Actor) -> None:
    items = listed(records, actor).items

    assert items
    assert [records.find(item.id, actor=actor) for item in items] == items


@pytest.mark.parametrize(
    ("actor", "expected"),
    [(GLOBAL_ADMIN, [4, 3, 2, 1, 0]), (NHF_ADMIN, [3, 2, 1, 0]), (LHL_ADMIN, [4]), (INGRID, [2, 1, 0]), (OLAV, [3])],
)
def test_everybody_lists_what_is_his_newest_first(
    records: Records, events: list[PauseEvent], actor: Actor, expected: list[int]
) -> None:
    page = listed(records, actor)

    assert [event.id for event in page.items] == [events[number].id for number in expected]
    assert page.total == len(expected)


@pytest.mark.parametrize(
    ("actor", "wanted", "expected"),
    [
        (NHF_ADMIN, {"event_type": EventType.PAUSE_ACTIVATED}, [3, 0]),
        (GLOBAL_ADMIN, {"event_type": EventType.PAUSE_ACTIVATED}, [4, 3, 0]),
        (NHF_ADMIN, {"coordinator_id": COORDINATOR}, [2, 1, 0]),
        (NHF_ADMIN, {"coordinator_id": "coordinator-007"}, []),
        (NHF_ADMIN, {"peer_mentor_id": MENTOR}, [2, 1, 0]),
        (NHF_ADMIN, {"peer_mentor_id": MENTOR, "event_type": EventType.CERTIFICATION_EXPIRED}, [2]),
        (NHF_ADMIN, {"peer_mentor_id": "mentor-042"}, []),
        (INGRID, {"peer_mentor_id": MENTOR, "event_type": EventType.PAUSE_DEACTIVATED}, [1]),
        (INGRID, {"peer_mentor_id": "pm_662f9511"}, []),
        (INGRID, {"coordinator_id": "coord_2a3b4c5d"}, []),
    ],
)
def test_filters_narrow_and_the_total_follows(
    records: Records, events: list[PauseEvent], actor: Actor, wanted: dict[str, object], expected: list[int]
) -> None:
    page = listed(records, actor, **wanted)

    assert [event.id for event in page.items] == [events[number].id for number in expected]
    assert page.total == len(expected)


def test_pages_follow_each_other_without_gap_or_repeat(records: Records, events: list[PauseEvent]) -> None:
    for actor in (GLOBAL_ADMIN, INGRID):
        whole = [event.id for event in listed(records, actor).items]
        pieces = [event.id for number in (1, 2, 3) for event in listed(records, actor, page=number, limit=2).items]
        assert pieces == whole


def test_of_the_same_moment_the_higher_id_comes_first(recording: Recording, records: Records) -> None:
    for day in range(5):
        draft = a_draft(effective_date=EFFECTIVE + day * DAY)
        recording.record(draft, actor=INGRID, key=None, wait_seconds=0)

    for actor in (GLOBAL_ADMIN, INGRID):
        ids = [event.id for event in listed(records, actor).items]
        assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(("actor", "queries"), [(GLOBAL_ADMIN, 3), (NHF_ADMIN, 3), (INGRID, 4)])
def test_a_list_costs_the_same_few_queries_however_long_it_is(
    records: Records, events: list[PauseEvent], actor: Actor, queries: int
) -> None:
    for limit in (1, 100):
        with counted_queries() as statements:
            listed(records, actor, limit=limit)
        assert len(statements) == queries


def test_who_takes_over_sees_what_was_before_and_who_gave_up_no_longer_does(
    records: Records, events: list[PauseEvent], bring_in: Import
) -> None:
    bring_in(person("coordinator", "new"), assignment("new", "oslo"))
    new = Actor(id="new", scope=Scope(organisation="nhf", coordinator="new"))

    assert listed(records, new).total == 3
    assert listed(records, INGRID).total == 0
    assert records.find(events[0].id, actor=new).coordinator_id == COORDINATOR
    with pytest.raises(EventNotFound):
        records.find(events[0].id, actor=INGRID)


@pytest.mark.parametrize(("number", "actor"), [(3, INGRID), (0, LHL_ADMIN), (4, NHF_ADMIN)])
def test_what_is_foreign_is_not_there(records: Records, events: list[PauseEvent], number: int, actor: Actor) -> None:
    for act in (
        lambda event_id: records.find(event_id, actor=actor),
        lambda event_id: records.correct(event_id, Correction.of({"reason": None}), actor=actor, versions=None),
        lambda event_id: records.remove(event_id, actor=actor, versions=None),
    ):
        with pytest.raises(EventNotFound):
            act(events[number].id)


def test_a_correction_tells_nobody_and_is_audited_by_field_name(
    records: Records, events: list[PauseEvent], notifier: FakeNotifier, dispatcher: Dispatcher, database: Database
) -> None:
    notifier.announced.clear()
    correction = Correction.of({"reason": "Extended medical leave", "effective_date": EFFECTIVE + DAY})

    after = records.correct(events[0].id, correction, actor=NHF_ADMIN, versions=None)

    assert after == records.find(events[0].id, actor=NHF_ADMIN)
    assert (after.reason, after.effective_date) == ("Extended medical leave", EFFECTIVE + DAY)
    assert after.updated_at is not None
    assert (dispatcher.run_once(), notifier.announced) == (0, [])
    with database.begin(all_tenants("test")) as session:
        entry = session.execute(select(ENTRIES).where(ENTRIES.c.action == "event_corrected")).one()
    assert (entry.actor_id, entry.details) == ("admin_nhf", {"fields": ["effective_date", "reason"]})


def test_a_blanked_reason_is_gone(records: Records, events: list[PauseEvent], database: Database) -> None:
    records.correct(events[0].id, Correction.of({"reason": None}), actor=NHF_ADMIN, versions=None)

    assert records.find(events[0].id, actor=NHF_ADMIN).reason is None
    with database.begin(all_tenants("test")) as session:
        assert session.get_one(PauseEventRow, events[0].id).encrypted_reason is None


def test_a_correction_cannot_make_two_of_one_event(records: Records, recording: Recording) -> None:
    first = recording.record(a_draft(), actor=INGRID, key=None, wait_seconds=2).event
    other = recording.record(a_draft(effective_date=EFFECTIVE + DAY), actor=INGRID, key=None, wait_seconds=2).event

    with pytest.raises(SameEventExists):
        records.correct(other.id, Correction.of({"effective_date": EFFECTIVE}), actor=NHF_ADMIN, versions=None)

    assert records.find(other.id, actor=NHF_ADMIN).effective_date == EFFECTIVE + DAY
    assert first.id != other.id


def test_only_the_version_that_was_read_may_be_changed_or_removed(records: Records, events: list[PauseEvent]) -> None:
    correction = Correction.of({"reason": None})
    records.correct(events[0].id, correction, actor=NHF_ADMIN, versions={1})

    with pytest.raises(Outdated):
        records.correct(events[0].id, correction, actor=NHF_ADMIN, versions={1})
    with pytest.raises(Outdated):
        records.remove(events[0].id, actor=GLOBAL_ADMIN, versions={1})


def test_removing_takes_back_what_was_told_and_leaves_its_trace(
    records: Records, events: list[PauseEvent], notifier: FakeNotifier, dispatcher: Dispatcher, database: Database
) -> None:
    event = records.find(events[0].id, actor=GLOBAL_ADMIN)

    removed = records.remove(event.id, actor=GLOBAL_ADMIN, versions=None)
    dispatcher.close()

    assert removed.event_id == event.id
    assert notifier.withdrawn == [event.announcement_id]
    assert listed(records, GLOBAL_ADMIN).total == 4
    with pytest.raises(EventNotFound):
        records.find(event.id, actor=GLOBAL_ADMIN)
    with database.begin(all_tenants("test")) as session:
        entry = session.execute(select(ENTRIES).where(ENTRIES.c.action == "event_removed")).one()
    assert (entry.object_id, entry.subject_id) == (event.id, MENTOR)
    assert entry.details["effective_date"] == "2026-03-20T00:00:00+00:00"


def test_what_was_removed_before_it_could_be_told_is_told_to_nobody(
    records: Records, recording: Recording, notifier: FakeNotifier, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    notifier.failure = Unreachable("connect_failed")
    event = recording.record(a_draft(), actor=INGRID, key=None, wait_seconds=2).event
    records.remove(event.id, actor=GLOBAL_ADMIN, versions=None)

    notifier.failure = None
    clock.now += timedelta(minutes=1)
    dispatcher.run_once()

    assert notifier.announced == []
    assert notifier.withdrawn != []


def test_a_removed_pause_no_longer_counts(
    records: Records, recording: Recording, notifier: FakeNotifier, dispatcher: Dispatcher
) -> None:
    """Nor does what was skipped because of it. The new news waits its turn behind the taking back of the old."""
    event = recording.record(a_draft(), actor=INGRID, key=None, wait_seconds=2).event
    recording.record(a_draft(effective_date=EFFECTIVE + DAY), actor=INGRID, key=None, wait_seconds=2)
    records.remove(event.id, actor=GLOBAL_ADMIN, versions=None)

    again = recording.record(a_draft(), actor=INGRID, key=None, wait_seconds=2).event

    deadline = time.monotonic() + 10
    while len(notifier.announced) < 2 and time.monotonic() < deadline:
        dispatcher.run_once()
    assert [told.id for told in notifier.announced] == [event.id, again.id]
    assert {result.status for result in records.find(again.id, actor=INGRID).dispatch_results} == {Status.SENT}


def test_the_events_of_a_former_mentor_stay(records: Records, events: list[PauseEvent], bring_in: Import) -> None:
    bring_in(mentor(MENTOR, active="false"))

    assert records.find(events[0].id, actor=NHF_ADMIN).id == events[0].id


def test_a_reason_that_cannot_be_opened_spoils_no_list_and_survives_a_correction(
    records: Records, events: list[PauseEvent], database: Database
) -> None:
    event = events[0]
    with database.begin(all_tenants("test")) as session:
        session.execute(
            update(PauseEventRow)
            .where(PauseEventRow.id == event.id)
            .values(reason_key_id="lost", encrypted_reason=b"x" * 40)
        )

    assert {item.id for item in listed(records, GLOBAL_ADMIN).items} == {item.id for item in events}
    corrected = records.correct(
        event.id, Correction.of({"effective_date": EFFECTIVE + 9 * DAY}), actor=NHF_ADMIN, versions=None
    )
    with database.begin(all_tenants("test")) as session:
        row = session.get_one(PauseEventRow, event.id)
        kept = (row.reason_key_id, row.encrypted_reason)

    assert corrected.reason is None
    assert kept == ("lost", b"x" * 40)
