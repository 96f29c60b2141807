"""The planner records what is due, once, however often it runs."""

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from orchestrator_service.domain.certifications import TIERS, due_notice
from orchestrator_service.domain.pause_events import Correction, Draft, EventFilter, EventType
from orchestrator_service.store import certifications
from orchestrator_service.usecases.certification_notices import EVERY_ORGANISATION, CertificationNotices
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.engine import Database
from shared_lib.pagination import PageRequest
from sqlalchemy.orm import Session

from ..builders import DAY, GLOBAL_ADMIN, NHF_ADMIN, certification, mentor, organisation
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


@pytest.mark.parametrize("offset", [5, 12, -2], ids=["last reminder", "reminder", "expiry"])
@pytest.mark.parametrize("act", ["remove", "correct", "correct, then remove", "remove what was reported"])
def test_what_an_administrator_removed_or_corrected_is_not_recorded_again(
    planner: CertificationNotices, bring_in: Import, clock: MovableClock, offset: int, act: str
) -> None:
    certified(bring_in, clock, {"m": offset})
    pause_events = planner.pause_events
    if "reported" not in act:
        run(planner)
    else:
        with planner.database.begin(EVERY_ORGANISATION) as session:
            [certificate] = certifications.ending(
                session, since=clock() - 90 * DAY, until=clock() + 90 * DAY, after=None, limit=2
            )
        draft = due_notice(certificate, at=clock())
        assert draft is not None
        draft = replace(draft, is_planned=False, tier=None)
        pause_events.record(draft, principal=NHF_ADMIN, key=None, wait_seconds=0)
    [event] = pause_events.page(EventFilter(), PageRequest(page=1, limit=2), principal=NHF_ADMIN).items

    if "correct" in act:
        moved = Correction.of({"effective_date": event.effective_date + DAY})
        pause_events.correct(event.id, moved, principal=NHF_ADMIN, versions=None)
    if "remove" in act:
        pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)

    assert run(planner) == 0
    clock.now += DAY
    assert run(planner) == 0


def test_another_expiry_date_is_planned_although_an_earlier_one_was_removed(
    planner: CertificationNotices, bring_in: Import, clock: MovableClock
) -> None:
    certified(bring_in, clock, {"m": 5})
    run(planner)
    [event] = planner.pause_events.page(EventFilter(), PageRequest(page=1, limit=2), principal=NHF_ADMIN).items
    planner.pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)
    certified(bring_in, clock, {"m": 6})

    assert run(planner) == 1


@pytest.mark.parametrize("offset", [700, 4], ids=["renewed", "corrected"])
def test_what_changed_after_the_planner_read_it_is_not_recorded(
    planner: CertificationNotices, bring_in: Import, clock: MovableClock, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified(bring_in, clock, {"m": 5})
    read = certifications.not_recorded

    def read_then_changed(session: Session, drafts: Collection[Draft]) -> list[Draft]:
        found = read(session, drafts)
        certified(bring_in, clock, {"m": offset})
        return found

    monkeypatch.setattr(certifications, "not_recorded", read_then_changed)

    assert run(planner) == 0


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2026-12-02T00:30:00+01:00", 14),
        ("2026-12-01T23:30:00+01:00", None),
        ("2026-12-02T23:30:00+01:00", 14),
        ("2026-12-09T00:00:00+01:00", 7),
    ],
)
def test_days_are_counted_in_the_organisations_time_zone(
    planner: CertificationNotices,
    bring_in: Import,
    clock: MovableClock,
    now: str,
    days: int | None,
) -> None:
    clock.now = datetime.fromisoformat(now).astimezone(UTC)
    expires = "2026-12-16T00:00:00+01:00"
    lines = organisation("nhf"), mentor("m"), certification("m", expires)
    assert bring_in(*lines).problems.shown == []

    planner.record_due(tiers=(14, 7), late_by=timedelta(days=14), dry_run=False)

    events = planner.pause_events.page(EventFilter(), PageRequest(page=1, limit=2), principal=NHF_ADMIN).items
    assert [(event.days_remaining, event.tier, event.expiry_date) for event in events] == (
        [] if days is None else [(days, days, datetime.fromisoformat(expires))]
    )
