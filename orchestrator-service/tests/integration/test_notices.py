"""Notices that tell of no event: the facts and the people are those of the moment in which they are told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from orchestrator_service.domain.notices import NOTICE_RULES, Notice, NoticeKind
from orchestrator_service.usecases.outbox_messages import to_notify
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.row_level_security import tenant

from ..builders import COORDINATOR, GLOBAL_ADMIN, INGRID, MENTOR, a_draft, assignment, certification, mentor, person
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock

RETURNS = datetime(2026, 5, 17, tzinfo=UTC)
EXPIRES = datetime(2028, 5, 1, tzinfo=UTC)
Enqueue = Callable[..., None]


@pytest.fixture
def event_id(directory: None, pause_events: PauseEvents) -> str:
    draft = a_draft(expected_return_date=RETURNS)
    return pause_events.record(draft, principal=INGRID, key=None, wait_seconds=0).event.id


@pytest.fixture
def enqueue(pause_events: PauseEvents, event_id: str, clock: MovableClock) -> Enqueue:
    """Stores a notice about the mentor, which the next poll of the relay delivers."""

    def stored(kind: NoticeKind, **difference: object) -> None:
        rule = NOTICE_RULES[kind]
        date = RETURNS if rule.is_about_pause else EXPIRES
        values = {"event_id": event_id if rule.is_about_pause else None, "date": date if rule.date else None}
        message = to_notify(kind, MENTOR, organisation_id="nhf", at=clock(), scale=1, **{**values, **difference})
        message = replace(message, due_at=clock())
        with pause_events.database.begin(tenant("nhf")) as session:
            pause_events.dispatcher.enqueue(session, message)

    return stored


def told(pause_events: PauseEvents, notifier: FakeNotifier) -> list[Notice]:
    while pause_events.dispatcher.run_once():
        pass
    return notifier.notices


@pytest.mark.parametrize("kind", NoticeKind)
def test_the_coordinator_of_the_moment_is_told_and_admins_in_place_of_nobody(
    kind: NoticeKind,
    enqueue: Enqueue,
    bring_in: Import,
    pause_events: PauseEvents,
    notifier: FakeNotifier,
) -> None:
    enqueue(kind)
    enqueue(kind, to_coordinator=False)
    bring_in(certification(MENTOR, "2028-05-01T00:00:00Z"), assignment(COORDINATOR, "oslo", active="false"))

    notices = told(pause_events, notifier)

    assert [(notice.kind, notice.audience.coordinator_id) for notice in notices] == [(kind, None)] * 2
    assert [notice.audience.admin_ids for notice in notices] == [("admin_nhf",), ()]
    bring_in(person("coordinator", "coord_new"), assignment("coord_new", "oslo", primary="true", since="2020-01-01"))
    enqueue(kind)
    assert told(pause_events, notifier)[2].audience.coordinator_id == "coord_new"


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("change", ["mentor_left", "fact_gone", "date_changed"])
def test_what_is_no_longer_true_is_told_to_nobody(
    kind: NoticeKind,
    change: str,
    *,
    enqueue: Enqueue,
    event_id: str,
    bring_in: Import,
    pause_events: PauseEvents,
    notifier: FakeNotifier,
) -> None:
    is_about_pause = NOTICE_RULES[kind].is_about_pause
    bring_in(certification(MENTOR, "2028-05-01T00:00:00Z"))
    enqueue(kind, **({"date": EXPIRES if is_about_pause else RETURNS} if change == "date_changed" else {}))
    if change == "mentor_left":
        bring_in(mentor(MENTOR, active="false"))
    elif change == "fact_gone" and is_about_pause:
        pause_events.remove(event_id, principal=GLOBAL_ADMIN, versions=None)
    elif change == "fact_gone":
        bring_in(certification(MENTOR, "2028-05-01T00:00:00Z", active="false"))

    assert told(pause_events, notifier) == []
