"""What time brings, on a real database with a turned clock: what is due is recorded once and announced."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from orchestrator_service.app.relay import create_agenda
from orchestrator_service.config import Config
from orchestrator_service.domain.pause_events import Correction, EventFilter, PauseEvent
from orchestrator_service.domain.settings import Settings
from orchestrator_service.usecases.pause_events import PauseEvents
from orchestrator_service.usecases.settings import OrganisationsSettings
from shared_lib.agenda import AgendaLoop
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.pagination import PageRequest
from sqlalchemy import text

from ..builders import GLOBAL_ADMIN, NHF_ADMIN, certification, mentor, organisation
from ..conftest import Import
from ..fakes import MovableClock

DAY = timedelta(days=1)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(utc("2026-01-02T10:00"))


@pytest.fixture
def other(database: Database, environ: dict[str, str], clock: MovableClock) -> AgendaLoop:
    """The loop of another relay."""
    return create_agenda(Config.from_env(environ), database, clock=clock)


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def certified(bring_in: Import, **expires: str) -> None:
    lines = [mentor(id_) for id_ in expires], [certification(*item) for item in expires.items()]
    assert bring_in(organisation("nhf"), *lines[0], *lines[1]).problems.shown == []


def play(agenda: AgendaLoop, clock: MovableClock, until: str) -> None:
    """Go from moment to moment, as a loop that sleeps until the next one does."""
    while True:
        look_at = agenda.poll()
        if look_at is None or look_at > utc(until):
            clock.now = utc(until)
            return
        clock.now = look_at


def recorded(pause_events: PauseEvents) -> list[PauseEvent]:
    """Oldest first."""
    page = pause_events.page(EventFilter(), PageRequest(limit=100), principal=GLOBAL_ADMIN)
    return sorted(page.items, key=lambda event: event.created_at)


def notified(pause_events: PauseEvents) -> list[tuple[int | None, str]]:
    return [(event.tier, f"{event.created_at:%Y-%m-%dT%H:%M}") for event in recorded(pause_events)]


def reasons(database: Database) -> list[str | None]:
    with database.begin(all_tenants("test")) as session:
        return list(session.scalars(text("SELECT reason FROM planned_act ORDER BY due_at, key")))


def test_a_year_brings_three_reminders_and_the_expiry_at_their_moments(
    agenda: AgendaLoop, bring_in: Import, clock: MovableClock, pause_events: PauseEvents, database: Database
) -> None:
    certified(bring_in, m="2026-05-01T00:00:00Z")

    play(agenda, clock, "2027-01-01T00:00")

    assert notified(pause_events) == [
        (30, "2026-04-01T07:00"),
        (14, "2026-04-17T07:00"),
        (7, "2026-04-24T07:00"),
        (None, "2026-05-01T00:00"),
    ]
    assert reasons(database) == [None] * 4


def test_a_renewal_in_time_stops_what_was_planned_and_begins_anew(
    agenda: AgendaLoop, bring_in: Import, clock: MovableClock, pause_events: PauseEvents
) -> None:
    certified(bring_in, m="2026-05-01T00:00:00Z")
    play(agenda, clock, "2026-04-20T10:00")

    certified(bring_in, m="2028-05-01T00:00:00Z")
    play(agenda, clock, "2028-04-01T00:00")

    assert notified(pause_events) == [(30, "2026-04-01T07:00"), (14, "2026-04-17T07:00"), (30, "2028-03-31T07:00")]


def test_a_first_import_sends_no_burst_and_nothing_that_is_long_past(
    agenda: AgendaLoop, bring_in: Import, clock: MovableClock, pause_events: PauseEvents, database: Database
) -> None:
    expires = {f"m{days}": f"{clock() + days * DAY:%Y-%m-%dT%H:%M:%SZ}" for days in range(-30, 60, 5)}
    certified(bring_in, **expires)

    agenda.poll()

    at_once = {event.peer_mentor_id: event.tier for event in recorded(pause_events)}
    assert at_once == {"m-10": None, "m-5": None, "m0": None, "m5": 7}


def test_changed_tiers_bring_no_mail_at_once_and_are_followed(
    agenda: AgendaLoop,
    bring_in: Import,
    clock: MovableClock,
    pause_events: PauseEvents,
    settings: OrganisationsSettings,
) -> None:
    certified(bring_in, m="2026-05-01T00:00:00Z", n="2026-06-01T00:00:00Z")
    play(agenda, clock, "2026-04-02T10:00")

    changed = replace(Settings(), certification_reminder_days=(60, 40, 7))
    settings.replace("nhf", changed, principal=NHF_ADMIN, versions=None)
    agenda.poll()
    assert len(recorded(pause_events)) == 1
    play(agenda, clock, "2026-04-30T10:00")

    assert [(event.peer_mentor_id, event.tier) for event in recorded(pause_events)] == [("m", 30), ("n", 40), ("m", 7)]


@pytest.mark.parametrize("act", ["remove", "correct"])
def test_what_an_administrator_removed_or_moved_is_not_recorded_again(
    agenda: AgendaLoop, bring_in: Import, clock: MovableClock, pause_events: PauseEvents, act: str
) -> None:
    certified(bring_in, m="2026-05-01T00:00:00Z")
    play(agenda, clock, "2026-04-02T10:00")
    [event] = recorded(pause_events)
    if act == "remove":
        pause_events.remove(event.id, principal=GLOBAL_ADMIN, versions=None)
    else:
        moved = Correction.of({"effective_date": event.effective_date + DAY})
        pause_events.correct(event.id, moved, principal=NHF_ADMIN, versions=None)

    certified(bring_in, m="2026-05-02T00:00:00Z")
    certified(bring_in, m="2026-05-01T00:00:00Z")
    play(agenda, clock, "2026-04-10T10:00")

    assert len(recorded(pause_events)) == (0 if act == "remove" else 1)


def test_a_mentor_who_left_is_notified_of_nothing_more(
    agenda: AgendaLoop, bring_in: Import, clock: MovableClock, pause_events: PauseEvents
) -> None:
    certified(bring_in, m="2026-05-01T00:00:00Z")
    play(agenda, clock, "2026-03-20T10:00")
    bring_in(organisation("nhf"), mentor("m", active="false"))

    play(agenda, clock, "2026-06-01T00:00")

    assert recorded(pause_events) == []


def test_a_thousand_polls_and_two_loops_change_nothing(
    agenda: AgendaLoop, other: AgendaLoop, bring_in: Import, clock: MovableClock, pause_events: PauseEvents
) -> None:
    certified(bring_in, m="2026-05-01T00:00:00Z")
    play(agenda, clock, "2026-04-17T10:00")
    for _ in range(200):
        agenda.poll()
        other.poll()

    assert len(recorded(pause_events)) == 2
