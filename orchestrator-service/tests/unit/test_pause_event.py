"""The rules of one event."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from orchestrator_service.domain.announcements import Audience, Status, next_look
from orchestrator_service.domain.errors import ExpiryTooFar, StaleVersion
from orchestrator_service.domain.pause_events import EVENT_RULES, Correction, Draft, EventType, PauseEvent, new_event_id

from ..builders import COORDINATOR, EFFECTIVE, MENTOR, RECORDED, a_draft, a_result, an_event

OSLO = "Europe/Oslo"


def test_an_id_is_twelve_random_hex_digits() -> None:
    ids = {new_event_id() for _ in range(100)}

    assert len(ids) == 100
    assert all(len(id_) == 15 and id_.startswith("pn_") and int(id_[3:], 16) >= 0 for id_ in ids)


def test_times_are_kept_in_milliseconds() -> None:
    assert a_draft(effective_date=EFFECTIVE.replace(microsecond=123_999)).effective_date.microsecond == 123_000


@pytest.mark.parametrize("event_type", EventType)
def test_every_type_of_event_has_a_rule_whose_members_an_event_has(event_type: EventType) -> None:
    rule = EVENT_RULES[event_type]

    assert rule.members | rule.required <= {field.name for field in fields(PauseEvent)}
    assert rule.required <= rule.members


@pytest.mark.parametrize("event_type", set(EventType) - {EventType.PAUSE_ACTIVATED})
def test_only_an_activated_pause_has_a_reason(event_type: EventType) -> None:
    assert a_draft(event_type=event_type).reason is None
    event = an_event(event_type=event_type, reason=None)
    assert event.corrected(Correction.of({"reason": "ill"}), at=RECORDED).reason is None


def test_a_reason_is_in_no_representation() -> None:
    correction = Correction.of({"reason": "Sykdom"})

    assert "Sykdom" not in f"{a_draft(reason='Sykdom')!r} {an_event(reason='Sykdom')!r} {correction!r}"


def test_an_expired_certification_takes_its_date_from_the_request_then_the_directory_then_the_event() -> None:
    draft = a_draft(event_type=EventType.CERTIFICATION_EXPIRED)
    known = datetime(2026, 3, 31, tzinfo=UTC)

    assert draft.completed(certified_until=known, at=RECORDED, time_zone=OSLO).expiry_date == known
    assert draft.completed(certified_until=None, at=RECORDED, time_zone=OSLO).expiry_date == EFFECTIVE
    asked = a_draft(event_type=EventType.CERTIFICATION_EXPIRED, expiry_date=RECORDED)
    assert asked.completed(certified_until=known, at=RECORDED, time_zone=OSLO).expiry_date == RECORDED


NEW_DAY_IN_OSLO = datetime(2026, 3, 19, 23, 30, tzinfo=UTC)  # 20 March, 00:30


def an_expiring_draft(**difference: Any) -> Draft:
    return a_draft(event_type=EventType.CERTIFICATION_EXPIRING, **difference)


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("2026-04-03T00:00:00+02:00", 14),
        ("2026-04-02T23:59:59+02:00", 13),
        ("2026-03-20T00:00:00+01:00", 0),
        ("2026-03-17T12:00:00Z", 0),
        ("2036-03-17T22:00:00Z", 3650),
    ],
)
@pytest.mark.parametrize("source", ["directory", "request"])
def test_the_days_remaining_are_counted_by_the_organisations_calendar_and_never_negative(
    until: str, days: int, source: str
) -> None:
    moment = datetime.fromisoformat(until)
    draft = an_expiring_draft(expiry_date=moment if source == "request" else None)

    completed = draft.completed(certified_until=moment, at=NEW_DAY_IN_OSLO, time_zone=OSLO)

    assert (completed.days_remaining, completed.expiry_date) == (days, moment)


@pytest.mark.parametrize(
    ("certified_until", "expiry"),
    [
        (None, "2026-04-03T23:59:59+02:00"),
        ("2026-04-03T00:00:00+02:00", "2026-04-03T00:00:00+02:00"),
        ("2026-04-30T00:00:00+02:00", "2026-04-03T23:59:59+02:00"),
    ],
    ids=["no certificate", "its certificate", "another certificate"],
)
def test_days_that_a_request_names_become_a_date_once(certified_until: str | None, expiry: str) -> None:
    known = datetime.fromisoformat(certified_until) if certified_until else None

    completed = an_expiring_draft(days_remaining=14).completed(
        certified_until=known, at=NEW_DAY_IN_OSLO, time_zone=OSLO
    )

    assert (completed.days_remaining, completed.expiry_date) == (14, datetime.fromisoformat(expiry))


@pytest.mark.parametrize("source", ["directory", "request", "request with days"])
def test_a_certification_that_ends_in_more_than_ten_years_is_refused(source: str) -> None:
    far = datetime(2036, 3, 18, tzinfo=UTC)
    days = 3650 if "days" in source else None
    draft = an_expiring_draft(expiry_date=None if source == "directory" else far, days_remaining=days)

    with pytest.raises(ExpiryTooFar):
        draft.completed(certified_until=far, at=NEW_DAY_IN_OSLO, time_zone=OSLO)


def test_only_what_has_left_counts_as_sent_the_coordinator_first_and_once() -> None:
    event = an_event(
        dispatch_results=(
            a_result(MENTOR, "push", Status.DELIVERED),
            a_result(MENTOR, "email", Status.SENT),
            a_result(COORDINATOR, "email", Status.SENT),
            a_result(COORDINATOR, "push", Status.QUEUED),
            a_result(COORDINATOR, "in_app", Status.FAILED),
        )
    )

    assert event.notifications_sent == ["coordinator_email", "peer_mentor_email", "peer_mentor_push"]


def test_two_admins_are_one_word_and_stand_in_for_the_coordinator() -> None:
    event = an_event(
        audience=Audience(coordinator_id=None, admin_ids=("a1", "a2")),
        dispatch_results=(a_result("a1"), a_result("a2"), a_result(MENTOR)),
    )

    assert event.recipients == ("a1", "a2", MENTOR)
    assert event.notifications_sent == ["org_admin_email", "peer_mentor_email"]


def test_admins_who_stood_in_for_a_coordinator_whom_nothing_reaches_are_named() -> None:
    skipped = a_result(COORDINATOR, status=Status.SKIPPED)
    event = an_event(dispatch_results=(a_result(MENTOR), skipped, a_result("a1")))

    assert event.notifications_sent == ["org_admin_email", "peer_mentor_email"]


def test_a_mentor_who_is_also_the_coordinator_receives_one_notice_and_counts_as_both() -> None:
    event = an_event(audience=Audience(coordinator_id=MENTOR), dispatch_results=(a_result(MENTOR),))

    assert event.recipients == (MENTOR,)
    assert event.notifications_sent == ["coordinator_email", "peer_mentor_email"]


def test_a_correction_changes_what_it_names() -> None:
    event = an_event()
    moved = event.corrected(Correction.of({"effective_date": EFFECTIVE + timedelta(days=1)}), at=RECORDED)
    blanked = event.corrected(Correction.of({"reason": None}), at=RECORDED)

    assert (moved.reason, moved.effective_date, moved.revision) == (event.reason, EFFECTIVE + timedelta(days=1), 2)
    assert (blanked.reason, blanked.effective_date, blanked.updated_at) == (None, EFFECTIVE, RECORDED)


def test_on_a_host_whose_clock_is_behind_a_correction_is_no_earlier_than_the_event() -> None:
    event = an_event()
    corrected = event.corrected(Correction.of({"reason": None}), at=event.created_at - timedelta(seconds=2))

    assert corrected.updated_at == event.created_at


def test_only_a_known_version_may_be_changed() -> None:
    an_event(revision=3).must_be({2, 3})
    an_event(revision=3).must_be(None)
    with pytest.raises(StaleVersion):
        an_event(revision=3).must_be({2})


def test_looks_again_come_soon_at_first() -> None:
    assert [next_look(attempt).total_seconds() for attempt in (1, 2, 3, 4, 5, 99)] == [1, 2, 5, 15, 60, 60]
