"""The same event asked for again, under the same key or none, one by one or at once: it is one event."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from orchestrator_service.domain import pause_events as domain
from orchestrator_service.domain.errors import EventNotFound
from orchestrator_service.domain.pause_events import EventType
from orchestrator_service.store.tables import PauseEventRow
from orchestrator_service.usecases import pause_events as module
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.engine import Database
from shared_lib.idempotency import IdempotencyKeyReused

from ..builders import (
    DAY,
    EFFECTIVE,
    GLOBAL_ADMIN,
    MENTOR,
    NHF_ADMIN,
    a_draft,
)
from ..conftest import Headers
from ..fakes import FakeNotifier, MovableClock
from .asking import a_key, count, recorded

pytestmark = pytest.mark.usefixtures("directory")
BASE = "/api/v1/pause-notifications"
MINUTE = timedelta(minutes=1)


def test_a_repeat_is_the_same_event_and_is_not_announced_again(
    pause_events: PauseEvents, notifier: FakeNotifier
) -> None:
    first = recorded(pause_events, a_draft())
    again = recorded(pause_events, a_draft(reason="Something else"))

    assert (first.is_new, again.is_new) == (True, False)
    assert again.event.id == first.event.id
    assert again.event.reason == "Personal leave"
    assert len(notifier.announced) == 1


def test_twenty_at_once_are_one_event(pause_events: PauseEvents, notifier: FakeNotifier, database: Database) -> None:
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: recorded(pause_events, a_draft()), range(20)))

    assert [answer.is_new for answer in answers].count(True) == 1
    assert len({answer.event.id for answer in answers}) == count(database, PauseEventRow) == 1
    assert len(notifier.announced) == 1


def test_a_key_stands_for_the_event_in_its_present_state(
    pause_events: PauseEvents,
) -> None:
    first = recorded(pause_events, a_draft(), key=a_key())
    pause_events.correct(
        first.event.id, domain.Correction.of({"effective_date": EFFECTIVE + DAY}), principal=NHF_ADMIN, versions=None
    )
    again = recorded(pause_events, a_draft(), key=a_key())

    assert (again.is_new, again.is_replay) == (True, True)
    assert (again.event.id, again.event.effective_date) == (first.event.id, EFFECTIVE + DAY)
    with pytest.raises(IdempotencyKeyReused):
        recorded(pause_events, a_draft(), key=a_key(b"other"))


def test_a_key_used_for_an_event_that_was_there_stands_for_that_event(pause_events: PauseEvents) -> None:
    first = recorded(pause_events, a_draft())
    second, third = (recorded(pause_events, a_draft(), key=a_key()) for _ in range(2))

    assert (second.event.id, third.event.id) == (first.event.id, first.event.id)
    assert (second.is_new, second.is_replay) == (False, False)
    assert (third.is_new, third.is_replay) == (False, True)


def test_a_key_whose_event_was_removed_stands_for_nothing(
    pause_events: PauseEvents,
) -> None:
    first = recorded(pause_events, a_draft(), key=a_key())
    pause_events.remove(first.event.id, principal=GLOBAL_ADMIN, versions=None)

    with pytest.raises(EventNotFound):
        recorded(pause_events, a_draft(), key=a_key())


def test_a_taken_id_is_not_taken_again(
    pause_events: PauseEvents, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    ids = iter(["pn_000000000001", "pn_000000000001", "pn_000000000002"])
    monkeypatch.setattr(module, "new_event_id", lambda: next(ids))

    first = recorded(pause_events, a_draft()).event
    second = recorded(pause_events, a_draft(event_type=EventType.PAUSE_DEACTIVATED)).event

    assert (first.id, second.id) == ("pn_000000000001", "pn_000000000002")
    assert second.notifications_sent == ["coordinator_email", "peer_mentor_email"]


ACTIVATED, DEACTIVATED = EventType.PAUSE_ACTIVATED, EventType.PAUSE_DEACTIVATED


@pytest.mark.parametrize(
    "days",
    [(0, 0, 0, 0), (0, 1, 0, 1), (0, 0, 1, 1)],
    ids=["on one date", "on alternating dates", "on two dates"],
)
@pytest.mark.parametrize("behind", [timedelta(), timedelta(seconds=2)], ids=["one clock", "clocks apart"])
def test_each_change_of_a_pause_is_an_event_of_its_own(
    pause_events: PauseEvents, notifier: FakeNotifier, clock: MovableClock, days: tuple[int, ...], behind: timedelta
) -> None:
    """Also when each comes to another host, the second with a clock that is behind."""
    types = (ACTIVATED, DEACTIVATED, ACTIVATED, DEACTIVATED)
    drafts = [
        a_draft(event_type=event_type, effective_date=EFFECTIVE + day * DAY)
        for event_type, day in zip(types, days, strict=True)
    ]

    answers = []
    for draft in drafts:
        answers += [recorded(pause_events, draft), recorded(pause_events, draft)]
        clock.now, behind = clock.now - behind, -behind

    assert [answer.is_new for answer in answers] == [True, False] * 4
    assert [answer.event.id for answer in answers[::2]] == [answer.event.id for answer in answers[1::2]]
    assert [told.event_type for told in notifier.announced] == list(types)


@pytest.mark.parametrize("event_type", [EventType.CERTIFICATION_EXPIRED, EventType.CERTIFICATION_EXPIRING])
def test_a_pause_in_between_makes_no_second_event_about_a_certification(
    pause_events: PauseEvents, event_type: EventType
) -> None:
    expiring = {"days_remaining": 5} if event_type is EventType.CERTIFICATION_EXPIRING else {}
    first = recorded(pause_events, a_draft(event_type=event_type, **expiring))
    recorded(pause_events, a_draft(event_type=ACTIVATED))

    assert recorded(pause_events, a_draft(event_type=event_type, **expiring)).event.id == first.event.id


def test_a_removed_opposite_leaves_the_newest_as_the_same_event(pause_events: PauseEvents) -> None:
    types = (ACTIVATED, DEACTIVATED, ACTIVATED)
    _, back, again = (recorded(pause_events, a_draft(event_type=event_type)).event for event_type in types)
    pause_events.remove(back.id, principal=GLOBAL_ADMIN, versions=None)

    assert recorded(pause_events, a_draft(event_type=ACTIVATED)).event.id == again.id


@pytest.mark.parametrize("rival", ["a recording", "a correction"])
def test_a_correction_that_meets_another_change_to_the_same_date(
    app: Flask, as_person: Callable[..., Headers], pause_events: PauseEvents, rival: str
) -> None:
    admin, statuses = as_person("admin_nhf", "org_admin"), []
    for day in range(1, 31):
        ids = [
            recorded(pause_events, a_draft(effective_date=EFFECTIVE + minute * MINUTE + 2 * day * DAY)).event.id
            for minute in (1, 2)
        ]
        common = {"effective_date": (EFFECTIVE + 2 * day * DAY).isoformat()}
        draft = {"peer_mentor_id": MENTOR, "event_type": "pause_activated", **common}
        requests = [("PUT", f"{BASE}/{ids[0]}", common)]
        requests += [("POST", BASE, draft)] if rival == "a recording" else [("PUT", f"{BASE}/{ids[1]}", common)]
        with ThreadPoolExecutor(2) as threads:
            answers = threads.map(
                lambda asked: app.test_client().open(asked[1], method=asked[0], json=asked[2], headers=admin), requests
            )
            statuses += [answer.status_code for answer in answers]

    assert set(statuses) <= {200, 201, 409}
    assert statuses.count(409) <= 30
