"""The same event asked for again, under the same key or none, one by one or at once: it is one event."""

from concurrent.futures import ThreadPoolExecutor

import pytest
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
    NHF_ADMIN,
    a_draft,
)
from ..fakes import FakeNotifier
from .asking import a_key, count, recorded

pytestmark = pytest.mark.usefixtures("directory")


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
