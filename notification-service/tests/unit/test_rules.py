"""Rules that need nobody: who, when the same, how long, on which channel."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from notification_service.domain.addresses import is_plain_address
from notification_service.domain.model import Announcement, Audience, Dispatch, Notice
from notification_service.domain.notice_rules import NOTICE_RULES, natural_key, worth_telling_until
from notification_service.domain.recipients import recipients_of

from ..builders import A_DISPATCH_ID, A_MOMENT, a_case, a_context, an_announcement


@pytest.mark.parametrize(
    ("days", "told"),
    [(0, ["mentor", "coordinator"]), (7, ["mentor", "coordinator"]), (8, ["mentor"]), (3650, ["mentor"])],
)
def test_the_coordinator_is_reminded_from_seven_days_on(days: int, told: list[str]) -> None:
    case = a_case(announcement=an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=days))

    assert [recipient.audience for recipient in recipients_of(case)] == told


@pytest.mark.parametrize("notice", Notice)
def test_every_type_of_notice_has_a_rule(notice: Notice) -> None:
    assert notice in NOTICE_RULES


@pytest.mark.parametrize("notice", Notice)
def test_a_natural_key_is_made_of_members_that_a_notice_has(notice: Notice) -> None:
    rule = NOTICE_RULES[notice].natural_key

    assert set(rule.members) <= {field.name for field in fields(Announcement)} & {f.name for f in fields(Dispatch)}
    assert rule.opposite is None or rule.within is not None


def test_nobody_is_told_in_two_roles() -> None:
    context = a_context(also=("mentor-042", "coordinator-007", "coordinator-008"))

    told = recipients_of(a_case(announcement=an_announcement(context=context)))

    assert [(recipient.id, recipient.audience) for recipient in told] == [
        ("mentor-042", Audience.MENTOR),
        ("coordinator-007", Audience.COORDINATOR),
        ("coordinator-008", Audience.COLLEAGUE),
    ]


@pytest.mark.parametrize(
    ("notice", "until"),
    [
        (Notice.PAUSE_ACTIVATED, A_MOMENT + timedelta(hours=24)),
        (Notice.PAUSE_LIFTED, A_MOMENT + timedelta(hours=24)),
        (Notice.CERT_EXPIRY, A_MOMENT + timedelta(hours=72)),
        (Notice.CERT_EXPIRY_REMINDER, datetime(2026, 3, 26, 23, tzinfo=UTC)),
    ],
)
def test_a_notice_has_its_time(notice: Notice, until: datetime) -> None:
    assert worth_telling_until(a_case(announcement=an_announcement(notice)), scale=1.0) == until


def test_a_reminder_ends_with_the_day_even_when_the_clocks_change() -> None:
    before_summer_time = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    case = a_case(announcement=an_announcement(Notice.CERT_EXPIRY_REMINDER), at=before_summer_time)

    assert worth_telling_until(case, scale=1.0) == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_test_systems_give_up_sooner() -> None:
    assert worth_telling_until(a_case(), scale=0.01) == A_MOMENT + timedelta(hours=0.24)


def test_the_day_of_a_reminder_is_the_organisations() -> None:
    late_in_utc = datetime(2026, 3, 26, 23, 30, tzinfo=UTC)
    case = a_case(announcement=an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=14), at=late_in_utc)

    assert natural_key(case, latest=None) == "cert_expiry_reminder:14:2026-03-27"


def test_two_pauses_decided_upon_at_once_collide() -> None:
    first, second = (natural_key(a_case(), latest=A_DISPATCH_ID) for _ in range(2))

    assert first == second != natural_key(a_case(), latest=None)


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("ingrid.bakke@nhf-oslo.no", True),
        ("a+b_c@x.y.z.no", True),
        ("a@localhost", True),
        ("a@b@c", False),
        (".a@b.no", False),
        ("a..b@c.no", False),
        ("a@-b.no", False),
        ("a b@c.no", False),
        ("a@c.no\r\nDATA", False),
        ("<a@c.no>", False),
        ("å@c.no", False),
        ("a@å.no", False),
        ("x" * 65 + "@c.no", False),
        ("a@" + "b" * 260, False),
    ],
)
def test_plain_addresses(address: str, plain: bool) -> None:
    assert is_plain_address(address) is plain
