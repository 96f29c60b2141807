"""Reading, correcting and removing recorded events."""

import time
from datetime import timedelta
from typing import Any

import pytest
from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.announcements import Status
from orchestrator_service.domain.errors import EventNotFound, SameEventExists, StaleVersion
from orchestrator_service.domain.pause_events import Correction, EventFilter, EventType, PauseEvent
from orchestrator_service.store.tables import PauseEventRow
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib.pagination import Page, PageRequest
from shared_lib_testing.queries import recorded_queries
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
    a_coordinator,
    a_draft,
    assignment,
    mentor,
    person,
)
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock

pytestmark = pytest.mark.usefixtures("directory")
OLAV = a_coordinator("coord_2a3b4c5d")


def listed(
    pause_events: PauseEvents, principal: Principal, page: int = 1, limit: int = 20, **wanted: Any
) -> Page[PauseEvent]:
    return pause_events.page(EventFilter(**wanted), PageRequest(page=page, limit=limit), principal=principal)


@pytest.fixture
def events(pause_events: PauseEvents, clock: MovableClock) -> list[PauseEvent]:
    """Three of Ingrid's mentor, one of Olav's, one of lhl's; each a minute later than the one before."""
    found = []
    for mentor_id, event_type, principal in (
        (MENTOR, EventType.PAUSE_ACTIVATED, NHF_ADMIN),
        (MENTOR, EventType.PAUSE_DEACTIVATED, NHF_ADMIN),
        (MENTOR, EventType.CERTIFICATION_EXPIRED, NHF_ADMIN),
        ("pm_662f9511", EventType.PAUSE_ACTIVATED, NHF_ADMIN),
        ("mentor-042", EventType.PAUSE_ACTIVATED, LHL_ADMIN),
    ):
        clock.now += timedelta(minutes=1)
        draft = a_draft(peer_mentor_id=mentor_id, event_type=event_type)
        found.append(pause_events.record(draft, principal=principal, key=None, wait_seconds=2).event)
    return found


@pytest.mark.parametrize("principal", [GLOBAL_ADMIN, NHF_ADMIN, INGRID], ids=lambda principal: principal.id)
def test_a_list_reads_what_single_events_say(
    pause_events: PauseEvents, events: list[PauseEvent], principal: Principal
) -> None:
    items = listed(pause_events, principal).items

    assert items
    assert [pause_events.find(item.id, principal=principal) for item in items] == items


@pytest.mark.parametrize(
    ("principal", "expected"),
    [(GLOBAL_ADMIN, [4, 3, 2, 1, 0]), (NHF_ADMIN, [3, 2, 1, 0]), (LHL_ADMIN, [4]), (INGRID, [2, 1, 0]), (OLAV, [3])],
)
def test_each_principal_lists_the_visible_events_newest_first(
    pause_events: PauseEvents, events: list[PauseEvent], principal: Principal, expected: list[int]
) -> None:
    page = listed(pause_events, principal)

    assert [event.id for event in page.items] == [events[number].id for number in expected]
    assert page.total == len(expected)


@pytest.mark.parametrize(
    ("principal", "wanted", "expected"),
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
    pause_events: PauseEvents,
    events: list[PauseEvent],
    principal: Principal,
    wanted: dict[str, object],
    expected: list[int],
) -> None:
    page = listed(pause_events, principal, **wanted)

    assert [event.id for event in page.items] == [events[number].id for number in expected]
    assert page.total == len(expected)


def test_pages_follow_each_other_without_gap_or_repeat(pause_events: PauseEvents, events: list[PauseEvent]) -> None:
    for principal in (GLOBAL_ADMIN, INGRID):
        whole = [event.id for event in listed(pause_events, principal).items]
        pieces = [
            event.id for number in (1, 2, 3) for event in listed(pause_events, principal, page=number, limit=2).items
        ]
        assert pieces == whole


def test_of_the_same_moment_the_higher_id_comes_first(
    pause_events: PauseEvents,
) -> None:
    for day in range(5):
        draft = a_draft(effective_date=EFFECTIVE + day * DAY)
        pause_events.record(draft, principal=INGRID, key=None, wait_seconds=0)

    for principal in (GLOBAL_ADMIN, INGRID):
        ids = [event.id for event in listed(pause_events, principal).items]
        assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(("principal", "queries"), [(GLOBAL_ADMIN, 1), (NHF_ADMIN, 1), (INGRID, 2)])
def test_a_list_costs_the_same_few_queries_however_long_it_is(
    pause_events: PauseEvents, events: list[PauseEvent], principal: Principal, queries: int
) -> None:
    for limit in (1, 100):
        with recorded_queries() as statements:
            listed(pause_events, principal, limit=limit)
        assert len(statements) == queries


def test_who_takes_over_sees_what_was_before_and_who_gave_up_no_longer_does(
    pause_events: PauseEvents, events: list[PauseEvent], bring_in: Import
) -> None:
    bring_in(person("coordinator", "new"), assignment("new", "oslo"))
    new = a_coordinator("new")

    assert listed(pause_events, new).total == 3
    assert listed(pause_events, INGRID).total == 0
    assert pause_events.find(events[0].id, principal=new).coordinator_id == COORDINATOR
    with pytest.raises(EventNotFound):
        pause_events.find(events[0].id, principal=INGRID)


@pytest.mark.parametrize(("number", "principal"), [(3, INGRID), (0, LHL_ADMIN), (4, NHF_ADMIN)])
def test_what_is_foreign_is_not_there(
    pause_events: PauseEvents, events: list[PauseEvent], number: int, principal: Principal
) -> None:
    for act in (
        lambda event_id: pause_events.find(event_id, principal=principal),
        lambda event_id: pause_events.correct(
            event_id, Correction.of({"reason": None}), principal=principal, versions=None
        ),
        lambda event_id: pause_events.remove(event_id, principal=principal, versions=None),
    ):
        with pytest.raises(EventNotFound):
            act(events[number].id)


def test_a_correction_sends_nothing_and_is_audited_by_field_name(
    pause_events: PauseEvents,
    events: list[PauseEvent],
    notifier: FakeNotifier,
    dispatcher: Dispatcher,
    database: Database,
) -> None:
    notifier.announced.clear()
    correction = Correction.of({"reason": "Extended medical leave", "effective_date": EFFECTIVE + DAY})

    after = pause_events.correct(events[0].id, correction, principal=NHF_ADMIN, versions=None)

    assert after == pause_events.find(events[0].id, principal=NHF_ADMIN)
    assert (after.reason, after.effective_date) == ("Extended medical leave", EFFECTIVE + DAY)
    assert after.updated_at is not None
    assert (dispatcher.run_once(), notifier.announced) == (0, [])
    with database.begin(all_tenants("test")) as session:
        entry = session.execute(select(ENTRIES).where(ENTRIES.c.action == "event_corrected")).one()
    assert (entry.actor_id, entry.details) == ("admin_nhf", {"fields": ["effective_date", "reason"]})


def test_a_blanked_reason_is_gone(pause_events: PauseEvents, events: list[PauseEvent], database: Database) -> None:
    pause_events.correct(events[0].id, Correction.of({"reason": None}), principal=NHF_ADMIN, versions=None)

    assert pause_events.find(events[0].id, principal=NHF_ADMIN).reason is None
    with database.begin(all_tenants("test")) as session:
        assert session.get_one(PauseEventRow, events[0].id).encrypted_reason is None


def test_a_correction_cannot_make_two_of_one_event(
    pause_events: PauseEvents,
) -> None:
    first = pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=2).event
    other = pause_events.record(
        a_draft(effective_date=EFFECTIVE + DAY), principal=INGRID, key=None, wait_seconds=2
    ).event

    with pytest.raises(SameEventExists):
        pause_events.correct(other.id, Correction.of({"effective_date": EFFECTIVE}), principal=NHF_ADMIN, versions=None)

    assert pause_events.find(other.id, principal=NHF_ADMIN).effective_date == EFFECTIVE + DAY
    assert first.id != other.id


def test_only_the_version_that_was_read_may_be_changed_or_removed(
    pause_events: PauseEvents, events: list[PauseEvent]
) -> None:
    correction = Correction.of({"reason": None})
    pause_events.correct(events[0].id, correction, principal=NHF_ADMIN, versions={1})

    with pytest.raises(StaleVersion):
        pause_events.correct(events[0].id, correction, principal=NHF_ADMIN, versions={1})
    with pytest.raises(StaleVersion):
        pause_events.remove(events[0].id, principal=GLOBAL_ADMIN, versions={1})


def test_removing_withdraws_the_announcement_and_is_audited(
    pause_events: PauseEvents,
    events: list[PauseEvent],
    notifier: FakeNotifier,
    dispatcher: Dispatcher,
    database: Database,
) -> None:
    event = pause_events.find(events[0].id, principal=GLOBAL_ADMIN)

    removed = pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)
    dispatcher.close()

    assert removed.event_id == event.id
    assert notifier.withdrawn == [event.announcement_id]
    assert listed(pause_events, GLOBAL_ADMIN).total == 4
    with pytest.raises(EventNotFound):
        pause_events.find(event.id, principal=GLOBAL_ADMIN)
    with database.begin(all_tenants("test")) as session:
        entry = session.execute(select(ENTRIES).where(ENTRIES.c.action == "event_removed")).one()
    assert (entry.object_id, entry.subject_id) == (event.id, MENTOR)
    assert entry.details["effective_date"] == "2026-03-20T00:00:00+00:00"


def test_an_event_removed_before_its_announcement_is_not_announced(
    pause_events: PauseEvents, notifier: FakeNotifier, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    notifier.failure = Unreachable("connect_failed")
    event = pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=2).event
    pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)

    notifier.failure = None
    clock.now += timedelta(minutes=1)
    dispatcher.run_once()

    assert notifier.announced == []
    assert notifier.withdrawn != []


def test_a_removed_pause_no_longer_counts(
    pause_events: PauseEvents, notifier: FakeNotifier, dispatcher: Dispatcher
) -> None:
    """Nor does what was skipped because of it. The new news waits its turn behind the taking back of the old."""
    event = pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=2).event
    pause_events.record(a_draft(effective_date=EFFECTIVE + DAY), principal=INGRID, key=None, wait_seconds=2)
    pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)

    again = pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=2).event

    deadline = time.monotonic() + 10
    while len(notifier.announced) < 2 and time.monotonic() < deadline:
        dispatcher.run_once()
    assert [told.id for told in notifier.announced] == [event.id, again.id]
    assert {result.status for result in pause_events.find(again.id, principal=INGRID).dispatch_results} == {Status.SENT}


def test_the_events_of_a_former_mentor_stay(
    pause_events: PauseEvents, events: list[PauseEvent], bring_in: Import
) -> None:
    bring_in(mentor(MENTOR, active="false"))

    assert pause_events.find(events[0].id, principal=NHF_ADMIN).id == events[0].id


def test_a_reason_that_cannot_be_opened_spoils_no_list_and_survives_a_correction(
    pause_events: PauseEvents, events: list[PauseEvent], database: Database
) -> None:
    event = events[0]
    with database.begin(all_tenants("test")) as session:
        session.execute(
            update(PauseEventRow)
            .where(PauseEventRow.id == event.id)
            .values(reason_key_id="lost", encrypted_reason=b"x" * 40)
        )

    assert {item.id for item in listed(pause_events, GLOBAL_ADMIN).items} == {item.id for item in events}
    corrected = pause_events.correct(
        event.id, Correction.of({"effective_date": EFFECTIVE + 9 * DAY}), principal=NHF_ADMIN, versions=None
    )
    with database.begin(all_tenants("test")) as session:
        row = session.get_one(PauseEventRow, event.id)
        kept = (row.reason_key_id, row.encrypted_reason)

    assert corrected.reason is None
    assert kept == ("lost", b"x" * 40)
