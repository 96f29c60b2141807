"""An assignment whose `since` is ahead: nothing of it holds today, all of it holds from that moment on."""

from datetime import timedelta

import pytest
from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.errors import EventNotFound, MentorNotFound
from orchestrator_service.domain.pause_events import EventFilter
from orchestrator_service.usecases.coordinators import Coordinators
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.outbox import Dispatcher
from shared_lib.pagination import PageRequest

from ..builders import COORDINATOR, DAY, INGRID, MENTOR, NHF_ADMIN, a_coordinator, a_draft, assignment, mentor, person
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock

SUCCESSOR = a_coordinator("successor")
LISTED_BESIDE = "listed beside the present coordinator"
LISTED_ALONE = "listed alone, so that the present coordinator is replaced"

pytestmark = pytest.mark.usefixtures("directory")


@pytest.fixture(params=[LISTED_BESIDE, LISTED_ALONE])
def lines(request: pytest.FixtureRequest, clock: MovableClock) -> list[dict[str, str]]:
    """A file that names a successor from the day after tomorrow on."""
    present = [assignment(COORDINATOR, "oslo")] if request.param == LISTED_BESIDE else []
    since = (clock.now + 2 * DAY).isoformat(timespec="milliseconds")
    return [
        person("coordinator", "successor"),
        assignment("successor", "oslo", primary="true", since=since),
        *present,
    ]


def sees(pause_events: PauseEvents, principal: Principal, event_id: str) -> bool:
    """Whether list, detail and correction agree that the principal sees the event."""
    listed = pause_events.page(EventFilter(), PageRequest(), principal=principal).total == 1
    try:
        return pause_events.find(event_id, principal=principal).id == event_id and listed
    except EventNotFound:
        assert not listed
        return False


def test_responsibility_changes_by_itself_on_the_day(
    bring_in: Import,
    lines: list[dict[str, str]],
    clock: MovableClock,
    coordinators: Coordinators,
    pause_events: PauseEvents,
) -> None:
    assert bring_in(*lines).problems.shown == []
    event = pause_events.record(a_draft(), principal=NHF_ADMIN, key=None, wait_seconds=0).event

    assert event.audience.coordinator_id == COORDINATOR
    assert coordinators.resolve(MENTOR, principal=INGRID).coordinator_id == COORDINATOR
    assert (sees(pause_events, INGRID, event.id), sees(pause_events, SUCCESSOR, event.id)) == (True, False)
    with pytest.raises(MentorNotFound):
        pause_events.record(a_draft(effective_date=clock.now), principal=SUCCESSOR, key=None, wait_seconds=0)

    clock.now += 2 * DAY

    later = pause_events.record(a_draft(effective_date=clock.now), principal=NHF_ADMIN, key=None, wait_seconds=0).event
    assert later.audience.coordinator_id == "successor"
    pause_events.remove(later.id, principal=NHF_ADMIN, versions=None)
    assert coordinators.resolve(MENTOR, principal=SUCCESSOR).coordinator_id == "successor"
    assert (sees(pause_events, INGRID, event.id), sees(pause_events, SUCCESSOR, event.id)) == (False, True)
    with pytest.raises(MentorNotFound):
        coordinators.resolve(MENTOR, principal=INGRID)


def test_the_contact_changes_by_itself_on_the_day(
    bring_in: Import,
    lines: list[dict[str, str]],
    clock: MovableClock,
    notifier: FakeNotifier,
    dispatcher: Dispatcher,
) -> None:
    bring_in(*lines)
    bring_in(*lines)  # a second import plans nothing again
    for expected in (COORDINATOR, COORDINATOR, "successor"):
        while dispatcher.run_once():
            pass
        assert notifier.contact_of(MENTOR).coordinator_id == expected
        clock.now += DAY
    sent = sum(MENTOR in [each.id for each in batch.people] for batch in notifier.contacts)
    assert sent == 2


def test_a_contact_that_is_sent_meanwhile_names_the_present_coordinator(
    bring_in: Import, lines: list[dict[str, str]], notifier: FakeNotifier, dispatcher: Dispatcher
) -> None:
    bring_in(*lines)
    bring_in(mentor(MENTOR, "oslo", email="new@example.org"))
    while dispatcher.run_once():
        pass

    told = notifier.contact_of(MENTOR)
    assert (told.email, told.coordinator_id) == ("new@example.org", COORDINATOR)


def test_the_day_may_be_moved_and_taken_back(
    bring_in: Import, clock: MovableClock, coordinators: Coordinators, lines: list[dict[str, str]]
) -> None:
    later = (clock.now + 4 * DAY).isoformat(timespec="milliseconds")
    bring_in(*lines)
    bring_in(*(line | {"since": later} if line.get("since") else line for line in lines))
    clock.now += 3 * DAY
    assert coordinators.resolve(MENTOR, principal=NHF_ADMIN).coordinator_id == COORDINATOR

    bring_in(assignment(COORDINATOR, "oslo"))
    clock.now += timedelta(days=30)
    assert coordinators.resolve(MENTOR, principal=NHF_ADMIN).coordinator_id == COORDINATOR
