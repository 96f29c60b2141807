"""The rules of notices: recipients, natural keys, lifetimes, addresses."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from notification_service.domain.mail_addresses import is_plain_address, mail_obstacle, with_ascii_domain
from notification_service.domain.model import Announcement, Audience, Dispatch, Notice
from notification_service.domain.notice_rules import NOTICE_RULES, dated, days_until, expires_at, natural_key
from notification_service.domain.participants import recipients_of

from ..builders import A_DISPATCH_ID, A_MOMENT, a_context, an_announcement, some_participants

OSLO = "Europe/Oslo"


@pytest.mark.parametrize(
    ("days", "audiences"),
    [(0, ["mentor", "coordinator"]), (7, ["mentor", "coordinator"]), (8, ["mentor"]), (3650, ["mentor"])],
)
def test_the_coordinator_is_reminded_from_seven_days_on(days: int, audiences: list[str]) -> None:
    reminder = an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=days)

    assert [
        recipient.audience for recipient in recipients_of(reminder, some_participants(), push_configured=True)
    ] == audiences


@pytest.mark.parametrize(
    ("notice", "named", "audiences"),
    [
        (Notice.RETURN_SOON, {}, ["mentor"]),
        (Notice.RETURN_TODAY, {}, ["mentor"]),
        (Notice.RETURN_OVERDUE, {}, ["coordinator"]),
        (Notice.RETURN_OVERDUE, {"coordinator_id": None}, ["admin"]),
        (Notice.CHECK_IN, {}, ["mentor"]),
        (Notice.CERT_RENEWED, {}, ["mentor", "coordinator"]),
        (Notice.CERT_RENEWED, {"coordinator_id": None, "admin_ids": ("admin-lhl",)}, ["mentor", "admin"]),
        (Notice.CERT_RENEWED, {"coordinator_id": None}, ["mentor"]),
    ],
)
def test_who_is_notified_of_what_the_orchestrator_announces_by_itself(
    notice: Notice, named: dict[str, Any], audiences: list[str]
) -> None:
    context = a_context(**named)
    participants = some_participants(coordinator_id=context.coordinator_id, admin_ids=("admin-lhl",))

    recipients = recipients_of(an_announcement(notice, context=context), participants, push_configured=True)

    assert [recipient.audience for recipient in recipients] == audiences


@pytest.mark.parametrize("notice", Notice)
def test_every_type_of_notice_has_a_rule(notice: Notice) -> None:
    assert notice in NOTICE_RULES


@pytest.mark.parametrize("notice", Notice)
def test_a_natural_key_is_made_of_members_that_a_notice_has(notice: Notice) -> None:
    rule = NOTICE_RULES[notice].natural_key

    assert set(rule.members) <= {field.name for field in fields(Announcement)} & {f.name for f in fields(Dispatch)}
    assert rule.opposite is None or rule.within is not None


@pytest.mark.parametrize("notice", Notice)
def test_a_notice_that_opens_a_lapse_has_an_expiry_date(notice: Notice) -> None:
    rule = NOTICE_RULES[notice]

    assert not rule.opens_lapse or "expiry_date" in rule.natural_key.members


def test_no_recipient_has_two_roles() -> None:
    colleagues = ("mentor-042", "coordinator-007", "coordinator-008")

    recipients = recipients_of(an_announcement(), some_participants(colleague_ids=colleagues), push_configured=True)

    assert [(recipient.id, recipient.audience) for recipient in recipients] == [
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
        (Notice.RETURN_SOON, A_MOMENT + timedelta(hours=24)),
        (Notice.RETURN_TODAY, A_MOMENT + timedelta(hours=24)),
        (Notice.RETURN_OVERDUE, A_MOMENT + timedelta(hours=72)),
        (Notice.CHECK_IN, A_MOMENT + timedelta(hours=24)),
        (Notice.CERT_RENEWED, A_MOMENT + timedelta(hours=72)),
    ],
)
def test_every_type_of_notice_has_its_lifetime(notice: Notice, until: datetime) -> None:
    assert expires_at(an_announcement(notice), at=A_MOMENT, time_zone=OSLO, scale=1.0) == until


def test_a_reminder_ends_with_the_day_even_when_the_clocks_change() -> None:
    before_summer_time = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)

    found = expires_at(an_announcement(Notice.CERT_EXPIRY_REMINDER), at=before_summer_time, time_zone=OSLO, scale=1.0)

    assert found == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_a_lifetime_is_shorter_on_test_systems() -> None:
    found = expires_at(an_announcement(Notice.PAUSE_ACTIVATED), at=A_MOMENT, time_zone=OSLO, scale=0.01)

    assert found == A_MOMENT + timedelta(hours=0.24)


def test_the_day_of_a_reminder_is_the_organisations() -> None:
    late_in_utc = datetime(2026, 3, 26, 23, 30, tzinfo=UTC)
    reminder = dated(an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=14), at=late_in_utc, time_zone=OSLO)

    assert natural_key(reminder, at=late_in_utc, time_zone=OSLO) == "cert_expiry_reminder:2026-04-10:2026-03-27"


@pytest.mark.parametrize("days", [0, 1, 14, 3650])
@pytest.mark.parametrize("zone", [OSLO, "Pacific/Auckland", "America/Los_Angeles"])
def test_days_that_a_direct_call_names_become_a_date_once(days: int, zone: str) -> None:
    before_midnight_in_oslo = datetime(2026, 3, 28, 22, 59, tzinfo=UTC)  # the night in which the clocks change
    reminder = an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=days)

    found = dated(reminder, at=before_midnight_in_oslo, time_zone=zone)

    assert found.expiry_date is not None
    today = before_midnight_in_oslo.astimezone(ZoneInfo(zone)).date()
    assert found.expiry_date.astimezone(ZoneInfo(zone)).date() == today + timedelta(days=days)
    assert found.days_remaining == days_until(found.expiry_date, at=before_midnight_in_oslo, time_zone=zone) == days


@pytest.mark.parametrize(
    ("at", "days"), [("2026-12-02T00:30:00+01:00", 14), ("2026-12-03T12:00:00+01:00", 13), ("2026-12-20T12:00:00Z", 0)]
)
def test_the_certificates_own_date_counts(at: str, days: int) -> None:
    own = datetime.fromisoformat("2026-12-16T00:00:00+01:00")
    planned = an_announcement(
        Notice.CERT_EXPIRY_REMINDER, days_remaining=15, context=a_context(expiry_date=own, planned=True, tier=14)
    )

    found = dated(planned, at=datetime.fromisoformat(at), time_zone=OSLO)

    assert (found.expiry_date, found.days_remaining) == (own, days)


@pytest.mark.parametrize(
    ("planned", "expiry", "until"),
    [
        (True, "2026-04-09T00:00:00Z", A_MOMENT + timedelta(hours=72)),
        (True, "2026-03-27T10:00:00Z", datetime(2026, 3, 27, 23, tzinfo=UTC)),
        (True, "2026-03-20T10:00:00Z", datetime(2026, 3, 20, 23, tzinfo=UTC)),
        (False, "2026-04-09T00:00:00Z", datetime(2026, 3, 26, 23, tzinfo=UTC)),
        (False, "2026-03-20T10:00:00Z", datetime(2026, 3, 20, 23, tzinfo=UTC)),
    ],
)
def test_a_reminder_is_not_sent_once_its_day_is_over(planned: bool, expiry: str, until: datetime) -> None:
    moment = datetime.fromisoformat(expiry)
    reminder = an_announcement(
        Notice.CERT_EXPIRY_REMINDER, expiry_date=moment, context=a_context(planned=planned, expiry_date=moment)
    )

    assert expires_at(reminder, at=A_MOMENT, time_zone=OSLO, scale=1.0) == until


@pytest.mark.parametrize(("tier", "audiences"), [(7, ["mentor", "coordinator"]), (14, ["mentor"])])
def test_the_tier_of_a_planned_reminder_decides_who_is_reminded(tier: int, audiences: list[str]) -> None:
    for days in (6, 8, 13):
        reminder = an_announcement(
            Notice.CERT_EXPIRY_REMINDER, days_remaining=days, context=a_context(planned=True, tier=tier)
        )

        assert [
            recipient.audience for recipient in recipients_of(reminder, some_participants(), push_configured=True)
        ] == audiences


def test_two_pauses_that_are_accepted_at_once_collide() -> None:
    first, second, after = (
        natural_key(an_announcement(), at=A_MOMENT, time_zone=OSLO, latest=latest)
        for latest in (A_DISPATCH_ID, A_DISPATCH_ID, None)
    )

    assert first == second != after


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


@pytest.mark.parametrize(
    ("address", "sent_to", "obstacle"),
    [
        ("post@blåkors.no", "post@xn--blkors-jua.no", None),
        ("Post@LikePerson.BLÅKORS.no", "Post@LikePerson.xn--blkors-jua.no", None),
        ("post@blåkors。no", "post@xn--blkors-jua.no", None),
        ("kåre@blåkors.no", "kåre@xn--blkors-jua.no", "needs_smtputf8"),
        ("kåre@nhf-oslo.no", "kåre@nhf-oslo.no", "needs_smtputf8"),
        ("post@straße.de", "post@straße.de", "invalid_address"),
        ("post@blå..no", "post@blå..no", "invalid_address"),
        ("post@" + "å" * 64 + ".no", "post@" + "å" * 64 + ".no", "invalid_address"),
        ("blåkors.no", "xn--blkors-jua.no", "invalid_address"),
        ("a@b@blåkors.no", "a@b@xn--blkors-jua.no", "invalid_address"),
        ("", "", "no_address"),
    ],
)
def test_international_domains_are_mailed_to_in_ascii(address: str, sent_to: str, obstacle: str | None) -> None:
    assert with_ascii_domain(address) == sent_to
    assert mail_obstacle(sent_to) == obstacle
