"""What is due when: certifications and return dates played day by day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestrator_service.domain.certification_plan import CertificationFacts, plan_certification
from orchestrator_service.domain.holidays import NORWAY, is_day_off
from orchestrator_service.domain.pause_plan import PauseFacts, plan_pause
from orchestrator_service.domain.planning import Plan, SkipReason, decide
from shared_lib.working_hours import WorkingHours


def working_hours(time_zone: str = "Europe/Oslo") -> WorkingHours:
    return WorkingHours(
        time_zone=time_zone,
        opens=time(9),
        closes=time(20),
        working_days=frozenset({"mon", "tue", "wed", "thu", "fri"}),
        is_day_off=lambda day: is_day_off(day, holidays=NORWAY, extra={"12-24"}),
    )


OSLO = working_hours()
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Notified = list[tuple[str, str]]
Decided = dict[str, SkipReason | None]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def certification(expires: str, **facts: object) -> CertificationFacts:
    usual = CertificationFacts(
        mentor_id="m1", expires_at=utc(expires), known_since=LONG_AGO, settings_since=LONG_AGO, tiers=(30, 14, 7)
    )
    return replace(usual, **facts)  # type: ignore[arg-type]


def pause(returns: str, **facts: object) -> PauseFacts:
    usual = PauseFacts(
        event_id="pn_1",
        expected_return_date=utc(returns),
        known_since=LONG_AGO,
        settings_since=LONG_AGO,
        reminder_days=(2, 0),
        overdue_days=1,
    )
    return replace(usual, **facts)  # type: ignore[arg-type]


def played(plan_at: Callable[[datetime], Plan], start: str, end: str, decided: Decided | None = None) -> Notified:
    """What is notified from start to end, looking only when the last decision said so."""
    decided = {} if decided is None else decided
    at, notified = utc(start), []
    while at <= utc(end):
        decision = decide(plan_at(at), decided, at=at, hours=OSLO)
        for act, reason in decision.skip:
            decided[act.key] = reason
        for act in decision.perform:
            assert decided.get(act.key, SkipReason.ENROLLED) is SkipReason.ENROLLED, "notified twice"
            decided[act.key] = None
            notified.append((act.kind.value + (f" {act.tier}" if act.tier else ""), f"{at:%Y-%m-%dT%H:%M}"))
        if decision.look_at is None:
            break
        assert decision.look_at > at
        at = decision.look_at
    return notified


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        ("2026-05-01", ["2026-04-01T07:00", "2026-04-17T07:00", "2026-04-24T07:00", "2026-05-01T00:00"]),
        ("2026-05-02", ["2026-04-01T07:00", "2026-04-17T07:00", "2026-04-24T07:00", "2026-05-02T00:00"]),
        ("2027-06-16", ["2027-05-14T07:00", "2027-06-02T07:00", "2027-06-09T07:00", "2027-06-16T00:00"]),
        ("2026-11-24", ["2026-10-23T07:00", "2026-11-10T08:00", "2026-11-17T08:00", "2026-11-24T00:00"]),
        ("2027-01-07", ["2026-12-08T08:00", "2026-12-23T08:00", "2026-12-31T08:00", "2027-01-07T00:00"]),
        ("2028-05-01", ["2028-03-31T07:00", "2028-04-12T07:00", "2028-04-24T07:00", "2028-05-01T00:00"]),
    ],
)
def test_reminders_leave_on_the_working_day_before_their_tier(expires: str, expected: list[str]) -> None:
    plan = plan_certification(certification(expires), OSLO)

    notified = played(lambda _: plan, "2026-01-01", "2029-01-01")

    names = ["cert_reminder 30", "cert_reminder 14", "cert_reminder 7", "cert_expired"]
    assert notified == list(zip(names, expected, strict=True))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("2026-04-10T12:00", ["cert_reminder 14", "cert_reminder 7", "cert_expired"]),
        ("2026-04-25T12:00", ["cert_reminder 7", "cert_expired"]),  # a Saturday, after the last tier: once on Monday
        ("2026-05-03T12:00", ["cert_expired"]),
        ("2026-05-20T12:00", []),  # too old
    ],
)
def test_what_was_due_before_it_was_known_is_left_out_but_nobody_meets_the_expiry_unwarned(
    known: str, expected: list[str]
) -> None:
    plan = plan_certification(certification("2026-05-01", known_since=utc(known)), OSLO)

    notified = played(lambda _: plan, known, "2026-08-01")

    assert [name for name, _ in notified] == expected
    if known.startswith("2026-04-25"):
        assert notified[0][1] == "2026-04-27T07:00"


def test_new_tiers_bring_no_mail_at_once() -> None:
    decided: Decided = {}
    played(lambda _: plan_certification(certification("2026-05-01"), OSLO), "2026-01-01", "2026-04-02", decided)
    changed = certification("2026-05-01", tiers=(60, 30, 7), settings_since=utc("2026-04-03T10:00"))

    notified = played(lambda _: plan_certification(changed, OSLO), "2026-04-03T10:00", "2026-04-30", decided)

    assert notified == [("cert_reminder 7", "2026-04-24T07:00")]


def test_after_an_outage_the_smallest_tier_reached_is_notified_once_in_open_hours() -> None:
    plan = plan_certification(certification("2026-05-01"), OSLO)

    assert played(lambda _: plan, "2026-04-17T21:00", "2026-04-20T08:00") == [("cert_reminder 14", "2026-04-20T07:00")]
    assert played(lambda _: plan, "2026-04-27T09:30", "2026-04-28") == [("cert_reminder 7", "2026-04-27T09:30")]


def test_enrolment_holds_reminders_back_and_its_end_tells_the_smallest_tier() -> None:
    enrolled = certification("2026-05-01", enrolled_for=date(2026, 4, 5))
    grace_ends = utc("2026-04-20T07:00")
    decided: Decided = {}
    played(lambda _: plan_certification(enrolled, OSLO), "2026-03-01", "2026-04-19", decided)
    assert set(decided.values()) == {SkipReason.ENROLLED}

    after = certification("2026-05-01")
    notified = played(lambda _: plan_certification(after, OSLO), f"{grace_ends:%Y-%m-%dT%H:%M}", "2026-05-02", decided)

    assert [name for name, _ in notified] == ["cert_reminder 14", "cert_reminder 7", "cert_expired"]


def test_the_expiry_comes_while_enrolled_too() -> None:
    enrolled = certification("2026-05-01", enrolled_for=date(2026, 4, 28))

    notified = played(lambda _: plan_certification(enrolled, OSLO), "2026-03-01", "2026-06-01")

    assert notified == [("cert_expired", "2026-05-01T00:00")]


def test_return_dates_bring_one_reminder_a_day_then_overdue() -> None:
    plan = plan_pause(pause("2026-05-17"), OSLO)
    decided: Decided = {}

    notified = played(lambda _: plan, "2026-05-01", "2026-08-01", decided)

    assert notified == [("return_today", "2026-05-15T07:00"), ("return_overdue", "2026-05-18T07:00")]
    assert SkipReason.OVERTAKEN in decided.values()


def test_a_return_date_in_the_past_brings_nothing() -> None:
    plan = plan_pause(pause("2026-05-17", known_since=utc("2026-06-01")), OSLO)
    decided: Decided = {}

    assert played(lambda _: plan, "2026-06-01", "2026-08-01", decided) == []
    assert set(decided.values()) == {SkipReason.BEFORE_KNOWN}


@given(
    expires=st.integers(0, 29 * 365 * 24 * 60).map(lambda minutes: utc("2021-01-01") + timedelta(minutes=minutes)),
    known_days=st.integers(-40, 100),
    zone=st.sampled_from(["Europe/Oslo", "America/St_Johns", "Pacific/Auckland"]),
)
def test_reminders_leave_by_day_on_working_days_and_at_most_once_a_tier(
    expires: datetime, known_days: int, zone: str
) -> None:
    hours = working_hours(zone)
    known = expires - timedelta(days=known_days)
    plan = plan_certification(
        certification("2026-05-01", expires_at=expires, known_since=known, settings_since=known), hours
    )
    decided: Decided = {}
    at: datetime | None = known
    reminded = 0
    while at is not None:
        decision = decide(plan, decided, at=at, hours=hours)
        decided |= {act.key: reason for act, reason in decision.skip} | {act.key: None for act in decision.perform}
        for act in decision.perform:
            if not act.is_exact:
                reminded += 1
                assert hours.next_open(at) == at < expires
        assert decision.look_at is None or decision.look_at > at
        at = decision.look_at
    assert {act.key for act in plan.acts} == set(decided)
    if known_days >= 14:
        assert reminded >= 1
