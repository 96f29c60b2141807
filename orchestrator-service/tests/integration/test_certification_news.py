"""The notification service is told of every change of a certification, and by whom a mentor is looked after."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from orchestrator_service.app.relay import create_person_data
from orchestrator_service.config import Config
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher

from ..builders import COORDINATOR, MENTOR, assignment, certification, mentor, person
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock
from .test_person_data import FakeServices

CERTIFIED = "mentor-042"
Told = Callable[[], list[tuple[datetime | None, str]]]

pytestmark = pytest.mark.usefixtures("directory")


@pytest.fixture
def told(notifier: FakeNotifier, dispatcher: Dispatcher, clock: MovableClock) -> Told:
    """What was told since the last call, in the order of versions."""
    seen = 0

    def tell() -> list[tuple[datetime | None, str]]:
        nonlocal seen
        dispatcher.run_once()
        news = sorted(notifier.certifications, key=lambda each: each.version)[seen:]
        seen += len(news)
        assert {each.mentor_id for each in news} <= {CERTIFIED}
        return [(each.expires_at, each.reason) for each in news]

    return tell


@pytest.fixture
def erase(environ: dict[str, str], clock: MovableClock) -> Any:
    def run(person_id: str) -> None:
        found = create_person_data(Config.from_env(environ), elsewhere=FakeServices(), clock=clock)
        found.erase(person_id)
        found.database.close()

    return run


def a_mentor(**cells: str) -> dict[str, str]:
    return mentor(CERTIFIED, "drammen", organisation="lhl", **cells)


def test_a_certification_is_told_when_it_changes_and_only_then(bring_in: Import, told: Told) -> None:
    ((first, reason),) = told()
    assert (first is not None, reason) == (True, "renewed")

    bring_in(certification(CERTIFIED, "2028-03-31T10:00:00Z", "lhl"))
    bring_in(certification(CERTIFIED, "2028-03-31T10:00:00Z", "lhl"))
    assert told() == [(datetime(2028, 3, 31, 10, tzinfo=UTC), "renewed")]

    bring_in(certification(CERTIFIED, "2028-03-31T10:00:00Z", "lhl", active="false"))
    assert told() == [(None, "not_required")]

    bring_in(certification(CERTIFIED, "2029-03-31T10:00:00Z", "lhl"))
    assert told() == [(datetime(2029, 3, 31, 10, tzinfo=UTC), "renewed")]


def test_a_mentor_who_leaves_and_comes_back_is_told(bring_in: Import, told: Told) -> None:
    before = told()
    bring_in(a_mentor(active="false"))
    assert told() == [(None, "mentor_left")]

    bring_in(a_mentor())
    assert told() == before


def test_an_erased_mentor_is_told_also_when_the_service_was_down(
    erase: Any, told: Told, notifier: FakeNotifier, clock: MovableClock
) -> None:
    told()
    notifier.failure = Unreachable("down")
    erase(CERTIFIED)
    assert told() == []

    notifier.failure = None
    clock.now = clock.now.replace(year=clock.now.year + 1)
    assert told() == [(None, "erased")]


def test_a_mentor_who_never_had_a_certification_is_told_when_they_leave(
    bring_in: Import, notifier: FakeNotifier, dispatcher: Dispatcher
) -> None:
    dispatcher.run_once()
    assert MENTOR not in {news.mentor_id for news in notifier.certifications}

    bring_in(mentor(MENTOR, "oslo", active="false"))
    dispatcher.run_once()

    assert [news.reason for news in notifier.certifications if news.mentor_id == MENTOR] == ["mentor_left"]


SUCCESSOR = person("coordinator", "successor")
WAYS: dict[str, list[dict[str, str]]] = {
    "assignment ended": [assignment(COORDINATOR, "oslo", active="false")],
    "replaced": [SUCCESSOR, assignment("successor", "oslo")],
    "primary moved": [
        SUCCESSOR,
        assignment(COORDINATOR, "oslo", primary="false"),
        assignment("successor", "oslo", primary="true"),
    ],
    "coordinator inactive": [person("coordinator", COORDINATOR, name="Ingrid Bakke", active="false")],
    "mentor moves": [mentor(MENTOR, "bergen")],
    "erased": [],
}
"""Ways in which responsibility changes, by the lines of a file."""


@pytest.mark.parametrize("way", WAYS)
def test_every_change_of_responsibility_is_told(
    bring_in: Import, notifier: FakeNotifier, dispatcher: Dispatcher, erase: Any, way: str
) -> None:
    dispatcher.run_once()
    before = notifier.contact_of(MENTOR)
    assert before.coordinator_id == COORDINATOR

    if lines := WAYS[way]:
        assert bring_in(*lines).problems.shown == []
    else:
        erase(COORDINATOR)
    dispatcher.run_once()

    after = notifier.contact_of(MENTOR)
    successors = {"replaced": "successor", "primary moved": "successor", "mentor moves": "coord_2a3b4c5d"}
    assert after.coordinator_id == successors.get(way)
    assert after.version > before.version
