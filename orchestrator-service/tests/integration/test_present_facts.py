"""The facts are looked at again before anything is told, and a late outcome corrects the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.announcements import Status
from orchestrator_service.domain.pause_events import EVENT_RULES, EventType, PauseEvent
from orchestrator_service.usecases.outbox_messages import LATE_OUTCOMES
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.errors import Unreachable
from shared_lib.outbox import OUTBOX_CLOSED, dead_letters
from sqlalchemy import select

from ..builders import (
    COORDINATOR,
    INGRID,
    MENTOR,
    NHF_ADMIN,
    a_draft,
    a_result,
    assignment,
    certification,
    mentor,
    person,
)
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock
from . import asking

pytestmark = pytest.mark.usefixtures("directory")
OF_CERTIFICATE = [EventType.CERTIFICATION_EXPIRING, EventType.CERTIFICATION_EXPIRED]
SUCCESSOR = [person("coordinator", "new"), assignment("new", "oslo")]


@dataclass
class World:
    pause_events: PauseEvents
    notifier: FakeNotifier
    bring_in: Import
    clock: MovableClock

    def record(self, principal: Principal = INGRID, **difference: object) -> PauseEvent:
        return asking.recorded(self.pause_events, a_draft(**difference), principal).event

    def record_in_vain(self, principal: Principal = INGRID, **difference: object) -> PauseEvent:
        """The notification service answers again afterwards."""
        self.notifier.failure = Unreachable("connect_failed")
        event = self.record(principal, **difference)
        self.notifier.failure = None
        return event

    def certify(self, days: float, **cells: str) -> None:
        until = (self.clock.now + timedelta(days=days)).isoformat(timespec="seconds")
        assert self.bring_in(certification(MENTOR, until, **cells)).problems.shown == []

    def deliver_after(self, **much: float) -> None:
        self.clock.now += timedelta(**much)
        while self.pause_events.dispatcher.run_once():
            pass

    def statuses(self, event: PauseEvent) -> set[tuple[str, Status]]:
        return {(result.recipient_id, result.status) for result in self.find(event).dispatch_results}

    def find(self, event: PauseEvent) -> PauseEvent:
        return asking.find(self.pause_events, event)


@pytest.fixture
def world(pause_events: PauseEvents, notifier: FakeNotifier, bring_in: Import, clock: MovableClock) -> World:
    clock.now = clock.now.replace(hour=10)
    return World(pause_events, notifier, bring_in, clock)


CHANGES: Mapping[str, tuple[str, list[dict[str, str]], tuple[str, ...]]] = {
    "replaced": (MENTOR, SUCCESSOR, ("new", MENTOR)),
    "ended": (MENTOR, [assignment(COORDINATOR, "oslo", active="false")], ("admin_nhf", MENTOR)),
    "moved": (MENTOR, [mentor(MENTOR, "bergen", channels="email|push")], ("coord_2a3b4c5d", MENTOR)),
    "found": ("pm_alone", [mentor("pm_alone", "oslo")], (COORDINATOR, "pm_alone")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_those_who_are_responsible_when_it_is_told_receive_it(world: World, change: str) -> None:
    mentor_id, lines, recipients = CHANGES[change]
    event = world.record_in_vain(NHF_ADMIN, peer_mentor_id=mentor_id)

    world.bring_in(*lines)
    world.deliver_after(seconds=20)

    assert [told.recipients for told in world.notifier.announced] == [recipients]
    assert world.find(event).recipients == recipients
    assert world.statuses(event) == {(recipient, Status.SENT) for recipient in recipients}


def test_the_coordinator_whom_the_notification_service_turned_to_is_the_events(world: World) -> None:
    world.notifier.still_queued = frozenset({COORDINATOR})
    event = world.record()

    world.bring_in(*SUCCESSOR)
    world.notifier.outcomes = (a_result(COORDINATOR, status=Status.SKIPPED), a_result("new"), a_result(MENTOR))
    world.deliver_after(seconds=20)

    found = world.find(event)
    assert (found.coordinator_id, found.notifications_sent) == ("new", ["coordinator_email", "peer_mentor_email"])


CERTIFICATE_CHANGES: Mapping[str, tuple[float, dict[str, str]]] = {
    "renewed": (700, {}),
    "removed": (5, {"active": "false"}),
    "corrected": (3, {}),
}


@pytest.mark.parametrize("is_queued_there", [False, True])
@pytest.mark.parametrize("event_type", OF_CERTIFICATE)
@pytest.mark.parametrize("change", CERTIFICATE_CHANGES)
def test_what_a_certificate_no_longer_says_is_withdrawn(
    world: World, change: str, event_type: EventType, is_queued_there: bool
) -> None:
    world.certify(5)
    world.notifier.still_queued = frozenset({MENTOR})
    event = (world.record if is_queued_there else world.record_in_vain)(event_type=event_type)

    days, cells = CERTIFICATE_CHANGES[change]
    world.certify(days, **cells)
    world.deliver_after(seconds=20)

    assert len(world.notifier.announced) == is_queued_there
    assert world.notifier.withdrawn == [event.announcement_id]
    assert (MENTOR, Status.SKIPPED) in world.statuses(event)


@pytest.mark.parametrize("event_type", OF_CERTIFICATE)
def test_another_hour_of_the_same_day_changes_nothing(world: World, event_type: EventType) -> None:
    world.certify(5)
    world.record_in_vain(event_type=event_type)

    world.certify(5.1)
    world.deliver_after(seconds=20)

    assert [told.event_type for told in world.notifier.announced] == [event_type]


def test_nothing_is_told_of_a_mentor_who_has_left(world: World) -> None:
    event = world.record_in_vain()

    world.bring_in(mentor(MENTOR, active="false"))
    world.deliver_after(seconds=20)

    assert (world.notifier.announced, world.notifier.withdrawn) == ([], [event.announcement_id])


@pytest.mark.parametrize("event_type", EventType)
@pytest.mark.parametrize("outcome", [Status.SENT, Status.EXPIRED, Status.SKIPPED])
def test_a_late_outcome_corrects_what_was_recorded_as_expired(
    world: World, event_type: EventType, outcome: Status
) -> None:
    world.record(event_type=EventType.PAUSE_ACTIVATED)
    world.record(event_type=EventType.PAUSE_DEACTIVATED)
    if event_type is EventType.PAUSE_DEACTIVATED:
        world.record(event_type=EventType.PAUSE_ACTIVATED)
    days = {"days_remaining": 5} if event_type is EventType.CERTIFICATION_EXPIRING else {}
    event = world.record_in_vain(event_type=event_type, **days)
    world.notifier.failure = Unreachable("connect_failed")

    world.clock.now += EVENT_RULES[event_type].lifetime
    world.pause_events.dispatcher.run_once()
    assert world.statuses(event) == set()  # an attempt that began in time may still be under way

    world.clock.now += timedelta(minutes=16)
    world.pause_events.dispatcher.run_once()
    assert world.statuses(event) == {(MENTOR, Status.EXPIRED), (COORDINATOR, Status.EXPIRED)}

    world.notifier.failure, world.notifier.status = None, outcome
    world.deliver_after(hours=24)
    assert {(MENTOR, outcome), (COORDINATOR, outcome)} <= world.statuses(event)
    assert world.pause_events.dispatcher.run_once() == 0


def test_outcomes_that_nobody_gives_are_no_longer_asked_for(world: World) -> None:
    event = world.record_in_vain()
    world.notifier.failure = Unreachable("connect_failed")

    world.deliver_after(hours=25)
    world.deliver_after(seconds=LATE_OUTCOMES.total_seconds())

    assert {status for _, status in world.statuses(event)} == {Status.EXPIRED}
    with world.pause_events.database.begin(all_tenants("test")) as session:
        assert event.announcement_id in session.scalars(select(OUTBOX_CLOSED.c.id)).all()


def test_the_age_of_news_counts_from_the_recording(world: World) -> None:
    event = world.record_in_vain()

    world.deliver_after(hours=23)

    assert world.notifier.occurred_at == [event.created_at]


def test_or_from_an_operators_replay(world: World) -> None:
    announcement_id = world.record_in_vain().announcement_id
    assert isinstance(announcement_id, UUID)
    world.clock.now += timedelta(days=30)
    world.pause_events.dispatcher.run_once()

    with world.pause_events.database.begin(tenant("nhf")) as session:
        assert dead_letters.replay(session, announcement_id, now=world.clock.now)
    world.pause_events.dispatcher.run_once()

    [occurred_at] = world.notifier.occurred_at
    assert abs(occurred_at - world.clock.now) < timedelta(seconds=1)
