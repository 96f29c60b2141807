"""When an open lapse is chased."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest
from notification_service.domain.lapse_plan import ChaseKind, due_chases, plan_chases
from notification_service.domain.lapses import WatchedLapse
from notification_service.domain.model import NoticeSettings
from shared_lib.working_hours import WorkingHours

EASTER_AND_MAY = {date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1)}
HOURS = WorkingHours(
    time_zone="Europe/Oslo",
    opens=time(9),
    closes=time(20),
    working_days=frozenset({"mon", "tue", "wed", "thu", "fri"}),
    is_day_off=EASTER_AND_MAY.__contains__,
)


USUAL = NoticeSettings()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lapse(opened: str, **facts: object) -> WatchedLapse:
    usual = WatchedLapse(
        dispatch_id=UUID(int=7),
        organisation_id="lhl",
        mentor_id="mentor-042",
        expiry_date=utc(opened),
        coordinator_id="c1",
        coordinator_version=1,
        outbox_id=UUID(int=8),
        opened_for="c1",
        opened_at=utc(opened),
        closed_reason=None,
        created_at=utc(opened),
        reopened_at=None,
        taken_over_at=None,
    )
    return replace(usual, **facts)  # type: ignore[arg-type]


def played(
    about: WatchedLapse, start: str, decided: set[str] | None = None, own: NoticeSettings = USUAL
) -> list[tuple[ChaseKind, str]]:
    decided = set() if decided is None else decided
    found, at = [], utc(start)
    while True:
        due, look_at = due_chases(plan_chases(about, own, HOURS), decided, at=at, hours=HOURS)
        decided |= {chase.key for chase in due}
        found += [(chase.kind, f"{at:%Y-%m-%dT%H:%M}") for chase in due]
        if look_at is None:
            return found
        assert look_at > at
        at = look_at


@pytest.mark.parametrize(
    ("opened", "reminder", "escalation"),
    [
        ("2026-05-01T00:00", "2026-05-04T07:00", "2026-05-08T07:00"),
        ("2026-04-01T08:00", "2026-04-07T07:00", "2026-04-08T07:00"),  # before Easter
        ("2026-04-21T22:30", "2026-04-27T07:00", "2026-04-29T07:00"),  # past midnight in Oslo
    ],
)
def test_the_coordinator_is_reminded_and_then_the_admins_are_notified(
    opened: str, reminder: str, escalation: str
) -> None:
    assert played(lapse(opened), opened) == [(ChaseKind.REMINDER, reminder), (ChaseKind.ESCALATION, escalation)]


def test_a_new_coordinator_is_notified_and_has_days_of_their_own_but_the_admins_do_not_wait_longer() -> None:
    decided: set[str] = set()
    taken_over = lapse("2026-04-20T08:00", coordinator_id="c2", taken_over_at=utc("2026-04-22T19:30"))

    assert played(taken_over, "2026-04-22T19:30", decided) == [
        (ChaseKind.TAKEN_OVER, "2026-04-23T07:00"),
        (ChaseKind.REMINDER, "2026-04-27T07:00"),
        (ChaseKind.ESCALATION, "2026-04-27T07:00"),
    ]


@pytest.mark.parametrize(("reminder_days", "escalation_days", "count"), [(None, 7, 1), (3, None, 1), (None, None, 0)])
def test_days_may_be_switched_off(reminder_days: int | None, escalation_days: int | None, count: int) -> None:
    own = NoticeSettings(lapse_reminder_days=reminder_days, lapse_escalation_days=escalation_days)

    assert len(played(lapse("2026-04-20"), "2026-04-20", own=own)) == count


def test_after_an_outage_both_are_notified_in_the_next_open_hours() -> None:
    assert played(lapse("2026-04-13T08:00"), "2026-04-25T10:00") == [
        (ChaseKind.REMINDER, "2026-04-27T07:00"),
        (ChaseKind.ESCALATION, "2026-04-27T07:00"),
    ]


def test_a_lapse_that_was_reopened_is_chased_again() -> None:
    decided: set[str] = set()
    played(lapse("2026-04-13T08:00"), "2026-04-13T08:00", decided)

    assert len(played(lapse("2026-04-13T08:00", reopened_at=utc("2026-05-12T08:00")), "2026-05-12T08:00", decided)) == 2
