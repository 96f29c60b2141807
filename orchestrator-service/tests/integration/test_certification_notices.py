"""The planner records what is due, once, however often it runs."""

import time
from datetime import timedelta

import pytest
from orchestrator_service.domain.certifications import TIERS
from orchestrator_service.domain.pause_events import EventType
from orchestrator_service.usecases.certification_notices import CertificationNotices
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.engine import Database

from ..builders import certification, mentor, organisation
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock, WatchedProgress


@pytest.fixture
def planner(database: Database, pause_events: PauseEvents, clock: MovableClock) -> CertificationNotices:
    return CertificationNotices(database=database, pause_events=pause_events, clock=clock, progress=WatchedProgress())


def run(planner: CertificationNotices, **difference: bool) -> int:
    return planner.record_due(tiers=TIERS, late_by=timedelta(days=14), **{"dry_run": False, **difference})


def day(clock: MovableClock, offset: int) -> str:
    return (clock() + timedelta(days=offset)).date().isoformat()


def certified(bring_in: Import, clock: MovableClock, offsets: dict[str, int]) -> None:
    people = [mentor(id) for id in offsets]
    certificates = [certification(id, day(clock, offset)) for id, offset in offsets.items()]
    assert bring_in(organisation("nhf"), *people, *certificates).problems.shown == []


def deliver(planner: CertificationNotices, notifier: FakeNotifier, number: int) -> None:
    """Wait until that many events have been announced, by threads of the recording process or here."""
    deadline = time.monotonic() + 10
    while len(notifier.announced) < number and time.monotonic() < deadline:
        planner.pause_events.dispatcher.run_once()


def test_each_tier_is_announced_once(
    planner: CertificationNotices, bring_in: Import, clock: MovableClock, notifier: FakeNotifier
) -> None:
    certified(bring_in, clock, {"m30": 30, "m90": 90})
    first, again = run(planner), run(planner)
    clock.now += timedelta(days=20)
    later = run(planner)
    deliver(planner, notifier, 2)

    assert (first, again, later) == (1, 0, 1)
    assert [(event.peer_mentor_id, event.days_remaining) for event in notifier.announced] == [("m30", 30), ("m30", 10)]


def test_an_expiry_is_announced_unless_it_is_long_past(
    planner: CertificationNotices, bring_in: Import, clock: MovableClock, notifier: FakeNotifier
) -> None:
    certified(bring_in, clock, {"recent": -2, "ancient": -200})
    told = run(planner)
    deliver(planner, notifier, 1)

    assert told == 1
    assert [(event.peer_mentor_id, event.event_type) for event in notifier.announced] == [
        ("recent", EventType.CERTIFICATION_EXPIRED)
    ]


def test_a_renewal_ends_the_reminders(planner: CertificationNotices, bring_in: Import, clock: MovableClock) -> None:
    certified(bring_in, clock, {"m": 5})
    certified(bring_in, clock, {"m": 700})

    assert run(planner) == 0


def test_a_dry_run_counts_and_records_nothing(
    planner: CertificationNotices, bring_in: Import, clock: MovableClock
) -> None:
    certified(bring_in, clock, {"a": 5, "b": 6})

    assert run(planner, dry_run=True) == 2
    assert run(planner) == 2
