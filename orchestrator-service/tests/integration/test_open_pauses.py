"""Pauses as state, and what time brings about their return dates, with a turned clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from orchestrator_service.domain.errors import NoReturnDate
from orchestrator_service.domain.pause_events import Correction, EventType, PauseEvent
from orchestrator_service.domain.pauses import pause_subject
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.agenda import AgendaLoop, changed
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib_testing.postgres import Addresses
from sqlalchemy import text

from ..builders import COORDINATOR, DAY, GLOBAL_ADMIN, INGRID, MENTOR, NHF_ADMIN, a_draft, assignment, mentor
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock

pytestmark = pytest.mark.usefixtures("directory")

RETURNS = datetime(2026, 5, 17, tzinfo=UTC)
BEGUN = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(BEGUN)


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


class World:
    """A mentor's pauses, what is told about them, and the clock."""

    def __init__(self, pause_events: PauseEvents, agenda: AgendaLoop, clock: MovableClock, notifier: FakeNotifier):
        self.pause_events, self.agenda, self.clock, self.notifier = pause_events, agenda, clock, notifier
        self.moments: list[tuple[str, str]] = []

    def record(self, event_type: EventType = EventType.PAUSE_ACTIVATED, **difference: Any) -> PauseEvent:
        draft = a_draft(event_type=event_type, effective_date=self.clock.now, **difference)
        return self.pause_events.record(draft, principal=INGRID, key=None, wait_seconds=0).event

    def resume(self) -> PauseEvent:
        self.clock.now += timedelta(minutes=1)
        return self.record(EventType.PAUSE_DEACTIVATED)

    def remove(self, event: PauseEvent) -> None:
        self.pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)

    def change(self, event: PauseEvent, returns: datetime | None) -> PauseEvent:
        correction = Correction.of({"expected_return_date": returns})
        return self.pause_events.correct(event.id, correction, principal=NHF_ADMIN, versions=None)

    def play(self, until: str) -> list[tuple[str, str]]:
        """Go from moment to moment, with the relay after each; returns what was told since the last play."""
        told = []
        while True:
            look_at, before = self.agenda.poll(), len(self.notifier.notices)
            while self.pause_events.dispatcher.run_once():
                pass
            told += [(n.kind.value, f"{self.clock.now:%Y-%m-%dT%H:%M}") for n in self.notifier.notices[before:]]
            if look_at is None or look_at > utc(until):
                self.clock.now = utc(until)
                return told
            self.clock.now = look_at


@pytest.fixture
def world(pause_events: PauseEvents, agenda: AgendaLoop, clock: MovableClock, notifier: FakeNotifier) -> World:
    return World(pause_events, agenda, clock, notifier)


def state(database: Database) -> list[tuple[Any, ...]]:
    query = "SELECT id, cause, ended_by, ended_at IS NULL, recorded_by_id, recorded_by_role FROM pause_event"
    with database.begin(all_tenants("test")) as session:
        rows = session.execute(text(f"{query} WHERE event_type LIKE 'pause%' ORDER BY number"))
        return [tuple(row) for row in rows]


def decisions(database: Database) -> dict[str, str | None]:
    with database.begin(all_tenants("test")) as session:
        rows = session.execute(
            text("SELECT kind, reason FROM planned_act WHERE subject LIKE 'pause:%' ORDER BY decided_at, due_at")
        )
        return {row.kind: row.reason for row in rows}


def test_a_year_brings_one_reminder_before_the_date_and_overdue_after_it_and_ends_nothing(
    world: World, notifier: FakeNotifier, database: Database
) -> None:
    event = world.record(expected_return_date=RETURNS)

    told = world.play("2026-07-20T10:00")

    assert told == [("return_today", "2026-05-15T07:00"), ("return_overdue", "2026-05-18T07:00")]
    assert [notice.audience.coordinator_id for notice in notifier.notices] == [COORDINATOR] * 2
    assert [(notice.date, notice.is_planned) for notice in notifier.notices] == [(RETURNS, True)] * 2
    assert decisions(database) == {"return_soon": "overtaken", "return_today": None, "return_overdue": None}
    assert state(database) == [(event.id, "voluntary", None, True, COORDINATOR, "coordinator")]


def test_a_notice_that_is_due_again_after_a_restore_has_the_key_of_the_first(
    world: World, notifier: FakeNotifier, database: Database, addresses: Addresses
) -> None:
    world.record(expected_return_date=RETURNS)
    world.play("2026-05-15T08:00")
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("SET app.all_tenants = 'test'; DELETE FROM planned_act; DELETE FROM outbox_closed")
    with database.begin(all_tenants("test")) as session:
        changed(session, [pause_subject(MENTOR)], tenant="nhf")

    assert [kind for kind, _ in world.play("2026-05-15T09:00")] == ["return_today"]

    first, second = notifier.notice_ids
    assert first == second


def test_two_loops_and_a_thousand_polls_tell_once(
    world: World, agenda: AgendaLoop, notifier: FakeNotifier, database: Database
) -> None:
    world.record(expected_return_date=RETURNS)
    world.play("2026-06-01T10:00")
    for _ in range(200):
        agenda.poll()

    assert world.play("2026-06-02T10:00") == []
    assert len(notifier.notices) == 2


def test_a_date_in_the_past_tells_nobody(world: World, database: Database) -> None:
    world.record(expected_return_date=BEGUN - 9 * DAY)

    assert world.play("2026-12-01T10:00") == []
    assert set(decisions(database).values()) == {"before_known"}


def test_a_new_date_is_told_anew_and_what_is_queued_about_the_old_one_is_withdrawn(
    world: World, database: Database, notifier: FakeNotifier
) -> None:
    event = world.record(expected_return_date=RETURNS)
    world.play("2026-05-15T10:00")

    world.change(event, utc("2026-06-10T00:00"))

    assert decisions(database)["return_overdue"] == "changed"
    assert world.play("2026-07-01T10:00") == [
        ("return_soon", "2026-06-08T07:00"),
        ("return_today", "2026-06-10T07:00"),
        ("return_overdue", "2026-06-11T07:00"),
    ]
    assert len(notifier.withdrawn) == 1


def test_a_date_that_is_taken_away_and_set_again_is_told_once(world: World, database: Database) -> None:
    event = world.record(expected_return_date=utc("2026-06-10T00:00"))
    world.play("2026-06-08T10:00")

    world.change(event, None)
    assert world.play("2026-06-09T10:00") == []
    world.change(event, utc("2026-06-10T00:00"))

    assert world.play("2026-07-01T10:00") == [
        ("return_today", "2026-06-10T07:00"),
        ("return_overdue", "2026-06-11T07:00"),
    ]


@pytest.mark.parametrize("end", ["resumed", "removed", "mentor_left"])
def test_the_end_of_a_pause_leaves_out_what_was_due_and_withdraws_what_is_queued(
    world: World, bring_in: Import, database: Database, notifier: FakeNotifier, end: str
) -> None:
    event = world.record(expected_return_date=RETURNS)
    world.play("2026-05-15T10:00")

    if end == "resumed":
        world.resume()
    elif end == "removed":
        world.remove(event)
    else:
        bring_in(mentor(MENTOR, active="false"))

    assert world.play("2026-09-01T10:00") == []
    assert decisions(database)["return_overdue"] == "ended"
    withdrawn = {event.announcement_id, *notifier.withdrawn} - {event.announcement_id}
    assert len(withdrawn) == 1


def test_a_notice_that_waits_in_the_outbox_is_not_sent_after_the_end(world: World, notifier: FakeNotifier) -> None:
    world.record(expected_return_date=RETURNS)
    world.play("2026-05-14T10:00")
    world.clock.now = utc("2026-05-15T07:00")
    world.agenda.poll()

    world.resume()

    assert world.play("2026-09-01T10:00") == []


def test_an_event_that_changes_nothing_is_no_state(world: World, database: Database) -> None:
    first = world.record(expected_return_date=RETURNS)
    world.clock.now += DAY
    again = world.record(expected_return_date=RETURNS + 9 * DAY)
    ended = world.resume()

    assert [row[:4] for row in state(database)] == [
        (first.id, "voluntary", ended.id, False),
        (again.id, None, None, True),
        (ended.id, "voluntary", None, True),
    ]


def test_removing_the_end_opens_the_pause_again_and_what_is_still_to_come_is_told(
    world: World, database: Database
) -> None:
    event = world.record(expected_return_date=utc("2026-06-10T00:00"))
    world.play("2026-06-09T10:00")
    end = world.resume()
    world.clock.now += DAY

    world.remove(end)

    assert state(database)[0][:4] == (event.id, "voluntary", None, True)
    assert world.play("2026-09-01T10:00") == [("return_overdue", "2026-06-11T07:00")]


@pytest.mark.parametrize(
    ("removed", "open_"),
    [(["A2"], []), (["D1"], ["A2"]), (["D1", "A2"], ["A1"]), (["A1"], ["A2"]), (["A2", "D1"], ["A1"])],
)
def test_the_last_event_that_is_left_says_whether_the_mentor_is_paused(
    world: World, database: Database, removed: list[str], open_: list[str]
) -> None:
    events = {"A1": world.record(), "D1": world.resume()}
    world.clock.now += DAY
    events["A2"] = world.record()

    for name in removed:
        world.remove(events[name])

    names = {event.id: name for name, event in events.items()}
    opened = [names[row[0]] for row in state(database) if names[row[0]].startswith("A") and row[3]]
    assert opened == open_
    world.clock.now += DAY
    assert (world.record().announcement_id is None) is bool(open_)


def test_the_deactivation_of_the_reopened_pause_is_announced(world: World) -> None:
    world.record()
    world.remove(world.resume())

    assert world.resume().announcement_id is not None


def test_only_a_pause_that_begins_has_a_return_date(world: World) -> None:
    world.record()
    with pytest.raises(NoReturnDate):
        world.change(world.resume(), RETURNS)


def test_the_coordinator_is_the_one_of_the_day(world: World, bring_in: Import, notifier: FakeNotifier) -> None:
    world.record(expected_return_date=RETURNS)
    world.play("2026-05-16T10:00")
    bring_in(assignment(COORDINATOR, "oslo", active="false"))

    world.play("2026-05-18T10:00")

    assert (notifier.notices[-1].audience.coordinator_id, notifier.notices[-1].audience.admin_ids) == (
        None,
        ("admin_nhf",),
    )
