"""Recording an event: durable, once, told to the right people, and outliving every notification_service's outage."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.announcements import Status
from orchestrator_service.domain.errors import ExpiryUnknown, MentorNotFound
from orchestrator_service.domain.pause_events import EventType
from orchestrator_service.store.tables import PauseEventRow
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib_testing.postgres import Addresses
from sqlalchemy import select, text

from ..builders import (
    COORDINATOR,
    DAY,
    EFFECTIVE,
    INGRID,
    LHL_ADMIN,
    MENTOR,
    NHF_ADMIN,
    a_draft,
)
from ..fakes import FakeNotifier, MovableClock
from .asking import a_key, count, find, recorded

pytestmark = pytest.mark.usefixtures("directory")


def test_the_event_is_announced_and_names_the_recipients(
    pause_events: PauseEvents,
    notifier: FakeNotifier,
) -> None:
    event = recorded(pause_events, a_draft()).event

    assert event.coordinator_id == COORDINATOR
    assert event.notifications_sent == ["coordinator_email", "peer_mentor_email"]
    assert [told.id for told in notifier.announced] == [event.id]
    stored = find(pause_events, event)
    assert stored.reason == "Personal leave"
    assert (stored.resolution_rule, stored.resolution_source) == ("only_coordinator", "chapter:oslo")
    assert all(result.sent_at is not None for result in stored.dispatch_results)


def test_an_accepted_event_is_answered_although_the_database_is_stuck_by_then(
    pause_events: PauseEvents, notifier: FakeNotifier, addresses: Addresses
) -> None:
    with psycopg.connect(addresses.owner) as blocker:
        notifier.meanwhile = lambda: blocker.execute("LOCK TABLE pause_event IN ACCESS EXCLUSIVE MODE")
        answer = recorded(pause_events, a_draft())

    assert answer.is_new
    assert answer.event.notifications_sent == []


def test_an_event_outlives_an_unreachable_notifier(
    pause_events: PauseEvents, notifier: FakeNotifier, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    notifier.failure = Unreachable("connect_failed")
    event = recorded(pause_events, a_draft()).event
    assert event.notifications_sent == []
    assert find(pause_events, event).dispatch_results == ()

    notifier.failure = None
    clock.now += timedelta(seconds=6)
    assert dispatcher.run_once() == 1

    assert find(pause_events, event).notifications_sent == ["coordinator_email", "peer_mentor_email"]


def test_what_is_queued_is_looked_at_again_until_it_is_final(
    pause_events: PauseEvents, notifier: FakeNotifier, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    notifier.status = Status.QUEUED
    event = recorded(pause_events, a_draft()).event
    assert event.notifications_sent == []
    assert {result.status for result in find(pause_events, event).dispatch_results} == {Status.QUEUED}

    notifier.status = Status.SENT
    clock.now += timedelta(seconds=2)
    assert dispatcher.run_once() == 1
    assert dispatcher.run_once() == 0

    results = find(pause_events, event).dispatch_results
    assert {result.status for result in results} == {Status.SENT}
    assert {result.sent_at for result in results} == {clock.now}


def test_the_moment_of_sending_is_when_it_was_first_known(
    pause_events: PauseEvents, notifier: FakeNotifier, clock: MovableClock
) -> None:
    notifier.still_queued = frozenset({MENTOR})
    event, first = recorded(pause_events, a_draft()).event, clock.now

    notifier.still_queued = frozenset()
    clock.now += timedelta(seconds=2)
    pause_events.dispatcher.run_once()

    sent_at = {result.recipient_id: result.sent_at for result in find(pause_events, event).dispatch_results}
    assert sent_at == {COORDINATOR: first, MENTOR: first + timedelta(seconds=2)}


def test_what_stays_queued_for_ever_ends_as_expired(
    pause_events: PauseEvents, notifier: FakeNotifier, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    notifier.status = Status.QUEUED
    event = recorded(pause_events, a_draft()).event

    clock.now += timedelta(hours=25)
    dispatcher.run_once()

    assert {result.status for result in find(pause_events, event).dispatch_results} == {Status.EXPIRED}


@pytest.mark.parametrize(
    ("before", "event_type"),
    [([EventType.PAUSE_ACTIVATED], EventType.PAUSE_ACTIVATED), ([], EventType.PAUSE_DEACTIVATED)],
)
def test_what_changes_nothing_is_recorded_as_skipped(
    pause_events: PauseEvents, notifier: FakeNotifier, before: list[EventType], event_type: EventType
) -> None:
    for earlier in before:
        recorded(pause_events, a_draft(event_type=earlier))
    notifier.announced.clear()

    answer = recorded(pause_events, a_draft(event_type=event_type, effective_date=EFFECTIVE + DAY))

    assert answer.is_new
    assert (answer.event.notifications_sent, notifier.announced) == ([], [])
    statuses = {(result.recipient_id, result.status) for result in find(pause_events, answer.event).dispatch_results}
    assert statuses == {(COORDINATOR, Status.SKIPPED), (MENTOR, Status.SKIPPED)}


def test_a_pause_can_begin_again_after_it_ended(pause_events: PauseEvents, notifier: FakeNotifier) -> None:
    for day, event_type in enumerate(
        [EventType.PAUSE_ACTIVATED, EventType.PAUSE_DEACTIVATED, EventType.PAUSE_DEACTIVATED, EventType.PAUSE_ACTIVATED]
    ):
        recorded(pause_events, a_draft(event_type=event_type, effective_date=EFFECTIVE + day * DAY))

    assert [told.event_type for told in notifier.announced] == [
        EventType.PAUSE_ACTIVATED,
        EventType.PAUSE_DEACTIVATED,
        EventType.PAUSE_ACTIVATED,
    ]


@pytest.mark.parametrize(
    ("mentor_id", "principal"),
    [("pm_662f9511", INGRID), (MENTOR, LHL_ADMIN), ("nobody", NHF_ADMIN), (COORDINATOR, NHF_ADMIN)],
)
def test_for_foreign_and_unknown_mentors_nothing_is_recorded(
    pause_events: PauseEvents, database: Database, mentor_id: str, principal: Principal
) -> None:
    with pytest.raises(MentorNotFound):
        recorded(pause_events, a_draft(peer_mentor_id=mentor_id), principal)

    assert count(database, PauseEventRow) == 0


def test_the_expiry_date_and_the_days_come_from_the_certification(
    pause_events: PauseEvents, notifier: FakeNotifier, clock: MovableClock
) -> None:
    clock.now = EFFECTIVE.replace(hour=12)
    expired = a_draft(peer_mentor_id="mentor-042", event_type=EventType.CERTIFICATION_EXPIRED)
    expiring = a_draft(peer_mentor_id="mentor-042", event_type=EventType.CERTIFICATION_EXPIRING)

    first, second = recorded(pause_events, expired, LHL_ADMIN).event, recorded(pause_events, expiring, LHL_ADMIN).event

    assert first.expiry_date == datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC)  # the end of the day in Oslo
    assert second.days_remaining == 11
    with pytest.raises(ExpiryUnknown):
        recorded(pause_events, a_draft(event_type=EventType.CERTIFICATION_EXPIRING))


def test_the_reason_is_nowhere_in_the_database(pause_events: PauseEvents, database: Database) -> None:
    recorded(pause_events, a_draft(reason="Kreftbehandling"), key=a_key())

    with database.begin(all_tenants("test")) as session:
        tables = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        everything = "".join(str(session.execute(text(f"SELECT * FROM {table}")).all()) for table in tables)  # noqa: S608
    assert MENTOR in everything
    assert "Kreft" not in everything


def test_recording_is_audited_without_any_text(pause_events: PauseEvents, database: Database) -> None:
    event = recorded(pause_events, a_draft()).event

    with database.begin(all_tenants("test")) as session:
        entry = session.execute(select(ENTRIES).where(ENTRIES.c.action == "event_recorded")).one()
    assert (entry.actor_id, entry.object_id, entry.organisation_id) == (COORDINATOR, event.id, "nhf")
    assert (entry.subject_id, entry.details) == (MENTOR, {"fields": []})


def test_the_answer_is_what_would_be_read(pause_events: PauseEvents) -> None:
    answered = recorded(pause_events, a_draft(reason="vondt i ryggen")).event

    assert answered.dispatch_results
    assert answered == find(pause_events, answered)


def test_the_notifier_never_gets_the_reason(pause_events: PauseEvents, notifier: FakeNotifier) -> None:
    recorded(pause_events, a_draft(reason="vondt i ryggen"))

    assert [event.reason for event in notifier.announced] == [None]
