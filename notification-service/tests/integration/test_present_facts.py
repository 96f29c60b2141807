"""A message is about the facts at the time at which it is sent, and its age counts from the fact."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from notification_service.domain.access import ANONYMOUS
from notification_service.domain.model import Announcement, Channel, Contact, Notice
from notification_service.domain.notice_rules import NOTICE_RULES
from notification_service.usecases.announcements import Accepted, Announcements
from notification_service.usecases.person_data import Contacts
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher

from ..builders import a_contact, a_context, a_coordinator, an_announcement
from ..fakes import FakeAcknowledgements, FakeMailer, FakePusher, MovableClock
from .announcing import ANNOUNCED, a_key, reminder, rows

pytestmark = pytest.mark.usefixtures("people")
MENTOR, OLD, NEW, ADMIN = "mentor-042", "coordinator-007", "coordinator-new", "admin-lhl"
ADDRESSES = {
    MENTOR: "kari.nordmann@lhl.example",
    OLD: "ola.hansen@lhl.example",
    NEW: "new@lhl.example",
    ADMIN: "admin@lhl.example",
}
EXPIRY = datetime.fromisoformat("2026-12-16T00:00:00+01:00")
SUCCESSOR = a_coordinator(id=NEW, email=ADDRESSES[NEW])
PUSHED = (Channel.EMAIL, Channel.PUSH)
Later = Callable[[], list[str]]


def expired(**context: object) -> Announcement:
    return an_announcement(
        Notice.CERT_EXPIRY,
        expiry_date=EXPIRY,
        context=a_context(contact_version=1, **context) if context else None,
    )


@pytest.fixture(autouse=True)
def at_noon(clock: MovableClock) -> None:
    clock.now = datetime(2026, 12, 16, 11, tzinfo=UTC)


@pytest.fixture
def later(mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock) -> Later:
    """The mail server is down until it is called; answers the addresses of all mails that it has taken by then."""
    mailer.failure = Unreachable("down")

    def run() -> list[str]:
        mailer.failure = None
        for _ in range(3):
            clock.pass_by(seconds=20)
            dispatcher.run_once()
        return mailer.addresses

    return run


CHANGES: Mapping[str, tuple[list[Contact], str]] = {
    "replaced": ([SUCCESSOR, a_contact(coordinator_id=NEW, version=2)], NEW),
    "replaced, and has left": (
        [SUCCESSOR, a_contact(coordinator_id=NEW, version=2), a_coordinator(active=False, version=2)],
        NEW,
    ),
    "gone": ([a_contact(coordinator_id=None, version=2)], ADMIN),
    "not known yet": ([a_contact(coordinator_id=NEW, version=2)], "nobody"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("with_context", [True, False])
def test_a_coordinator_who_was_replaced_gets_nothing_and_the_new_one_is_notified(
    announcements: Announcements,
    contacts: Contacts,
    later: Later,
    change: str,
    with_context: bool,
) -> None:
    people, notified = CHANGES[change]
    announcement = expired(admin_ids=(ADMIN,)) if with_context else expired()
    announcements.announce(announcement, ANONYMOUS, key=a_key("k"))

    contacts.put(people=people)

    assert later() == sorted(ADDRESSES[one] for one in (MENTOR, notified) if one in ADDRESSES)
    after = announcements.announce(announcement, ANONYMOUS, key=a_key("k"))
    assert (OLD, "email", "skipped") in rows(after)
    assert after.dispatch.coordinator_id == (None if notified == ADMIN else NEW)


def test_each_channel_of_the_replaced_one_is_skipped_and_the_new_one_has_each_of_theirs_once(
    announcements: Announcements,
    contacts: Contacts,
    mailer: FakeMailer,
    pusher: FakePusher,
    later: Later,
) -> None:
    contacts.put(people=[a_coordinator(channels=PUSHED, push_token="old", version=2)])
    pusher.failure = Unreachable("down")
    announcements.announce(expired(), ANONYMOUS, key=a_key("k"))

    channels = (*PUSHED, Channel.IN_APP)
    successor = replace(SUCCESSOR, channels=channels, push_token="new")
    contacts.put(people=[successor, a_contact(coordinator_id=NEW, version=2)])
    pusher.failure = None
    later()

    assert sorted(rows(announcements.announce(expired(), ANONYMOUS, key=a_key("k")))) == [
        (OLD, "email", "skipped"),
        (OLD, "push", "skipped"),
        (NEW, "email", "sent"),
        (NEW, "in_app", "delivered"),
        (NEW, "push", "delivered"),
        (MENTOR, "email", "sent"),
    ]
    assert [message.token for message in pusher.taken] == ["new"]


def test_an_admin_who_stood_in_gets_nothing_once_there_is_a_coordinator(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, later: Later
) -> None:
    contacts.put(people=[a_contact(coordinator_id=None, version=2)])
    announcements.announce(expired(), ANONYMOUS)

    contacts.put(people=[a_contact(version=3)])

    assert later() == sorted([ADDRESSES[MENTOR], ADDRESSES[OLD]])


@pytest.mark.parametrize("version", [1, 2], ids=["arrives late", "the very one"])
def test_a_contact_that_is_no_newer_than_the_context_changes_nothing(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, later: Later, version: int
) -> None:
    """The orchestrator's announcement may overtake its contacts."""
    contacts.put(people=[SUCCESSOR])
    context = a_context(coordinator_id=NEW, contact_version=2)
    announcements.announce(an_announcement(context=context), ANONYMOUS)

    contacts.put(people=[a_contact(coordinator_id=OLD if version == 1 else NEW, version=version)])

    assert later() == sorted([ADDRESSES[MENTOR], ADDRESSES[NEW]])


def test_nothing_is_sent_about_a_mentor_who_has_left_meanwhile(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, later: Later
) -> None:
    announcements.announce(an_announcement(), ANONYMOUS)

    contacts.put(people=[a_contact(is_mentor=False, version=2)])

    assert later() == []


def announced_late(announcements: Announcements, clock: MovableClock, notice: Notice, hours: float) -> Accepted:
    occurred_at = clock.now - timedelta(hours=hours)
    context = a_context(occurred_at=occurred_at, planned=True, tier=7, expiry_date=EXPIRY + timedelta(days=7))
    days = {"days_remaining": 7} if notice is Notice.CERT_EXPIRY_REMINDER else {}
    dates = {} if days else dict.fromkeys(NOTICE_RULES[notice].natural_key.members, EXPIRY)
    return announcements.announce(an_announcement(notice, context=context, **days, **dates), ANONYMOUS)


LIFETIMES = {
    Notice.PAUSE_ACTIVATED: 24,
    Notice.PAUSE_LIFTED: 24,
    Notice.CERT_EXPIRY: 72,
    Notice.CERT_EXPIRY_REMINDER: 72,
    Notice.RETURN_SOON: 24,
    Notice.RETURN_TODAY: 24,
    Notice.RETURN_OVERDUE: 72,
    Notice.CHECK_IN: 24,
    Notice.CERT_RENEWED: 72,
}


@pytest.mark.parametrize("notice", ANNOUNCED)
def test_the_age_of_a_message_counts_from_the_fact(
    announcements: Announcements, mailer: FakeMailer, clock: MovableClock, dispatcher: Dispatcher, notice: Notice
) -> None:
    mailer.failure = Unreachable("down")
    answer = announced_late(announcements, clock, notice, LIFETIMES[notice] - 1)
    assert {row[2] for row in rows(answer)} == {"queued"}

    mailer.failure = None
    clock.pass_by(hours=1.1)
    dispatcher.run_once()

    assert mailer.taken == []


@pytest.mark.parametrize("notice", ANNOUNCED)
def test_what_is_too_old_when_it_arrives_is_expired_and_still_opens_its_lapse(
    announcements: Announcements,
    contacts: Contacts,
    acknowledgements: FakeAcknowledgements,
    clock: MovableClock,
    notice: Notice,
) -> None:
    contacts.put(people=[a_contact(channels=(Channel.EMAIL, Channel.IN_APP), version=2)])

    answer = announced_late(announcements, clock, notice, LIFETIMES[notice])

    assert {(row.status, row.reason) for row in answer.dispatch.messages} == {("expired", "too_old")}
    assert len(acknowledgements.opened) == (notice is Notice.CERT_EXPIRY)


@pytest.mark.parametrize("late", [(0, 7), (23, 7), (24, 6), (48, 5)])
def test_all_mails_about_one_certificate_name_one_day(
    announcements: Announcements,
    mailer: FakeMailer,
    clock: MovableClock,
    later: Later,
    late: tuple[int, int],
) -> None:
    clock.now = datetime.fromisoformat("2026-12-09T00:30:00+01:00").astimezone(UTC)
    context = a_context(planned=True, tier=7, expiry_date=EXPIRY, occurred_at=clock.now)
    planned = an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=7, context=context)
    announcements.announce(planned, ANONYMOUS)
    hours, said = late
    clock.pass_by(hours=hours)
    later()
    announcements.announce(expired(), ANONYMOUS)

    assert len(mailer.taken) == 4
    assert all("16. desember 2026" in mail.text.paragraphs[0] for mail in mailer.taken)
    assert all(f"om {said} dager" in mail.text.paragraphs[0] for mail in mailer.taken[:2])


SAME_DAY = ["2026-12-16T00:00:00+01:00", "2026-12-16T00:00:00Z", "2026-12-16T23:59:59+01:00", "2026-12-15T23:00:00Z"]


@pytest.mark.parametrize("other", SAME_DAY[1:])
def test_the_same_expiry_is_the_same_day_in_the_organisations_time_zone(
    announcements: Announcements, mailer: FakeMailer, acknowledgements: FakeAcknowledgements, other: str
) -> None:
    first = announcements.announce(expired(), ANONYMOUS)
    moment = datetime.fromisoformat(other)
    planned = an_announcement(Notice.CERT_EXPIRY, expiry_date=moment, context=a_context(planned=True))

    again = announcements.announce(planned, ANONYMOUS, key=a_key("planner"))

    assert (again.status, again.dispatch.id) == (200, first.dispatch.id)
    assert (len(mailer.taken), len(acknowledgements.opened)) == (2, 1)


@pytest.mark.parametrize("other", ["2026-12-15T22:59:59Z", "2026-12-16T23:00:00Z"])
def test_the_day_before_and_the_day_after_are_others(announcements: Announcements, other: str) -> None:
    announcements.announce(expired(), ANONYMOUS)
    moment = datetime.fromisoformat(other)

    assert announcements.announce(an_announcement(Notice.CERT_EXPIRY, expiry_date=moment), ANONYMOUS).status == 201


def test_a_direct_reminder_and_a_planned_one_of_one_day_are_one(
    announcements: Announcements, clock: MovableClock
) -> None:
    clock.now = datetime.fromisoformat("2026-12-09T00:30:00+01:00").astimezone(UTC)
    first = announcements.announce(reminder(7), ANONYMOUS)
    context = a_context(planned=True, tier=7, expiry_date=EXPIRY)
    planned = an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=7, context=context)

    assert announcements.announce(planned, ANONYMOUS).dispatch.id == first.dispatch.id
