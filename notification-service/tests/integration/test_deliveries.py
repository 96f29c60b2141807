"""Messages are delivered later, in order and once, or they are given up and their status says so."""

import threading
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from notification_service.domain.access import ANONYMOUS
from notification_service.domain.model import Announcement, Channel, Context, Notice, NoticeSettings, Status
from notification_service.store import dispatches
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.person_data import Contacts
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import OutcomeUnknown, RetryLater, Unreachable
from shared_lib.outbox import Dispatcher

from ..builders import a_contact, a_context, a_coordinator, a_delivery, an_announcement, an_organisation
from ..fakes import FakeMailer, FakePusher, MovableClock
from .announcing import EXPIRED, a_key, reminder, rows

pytestmark = pytest.mark.usefixtures("people")
MENTOR_MAIL, COORDINATOR_MAIL = "kari.nordmann@lhl.example", "ola.hansen@lhl.example"


def test_what_could_not_be_sent_is_sent_later(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failure = Unreachable("down")
    first = announcements.announce(an_announcement(), ANONYMOUS)

    mailer.failure = None
    clock.pass_by(seconds=20)
    dispatcher.run_once()

    again = announcements.announce(an_announcement(), ANONYMOUS)
    assert [row[2] for row in rows(first)] == ["queued", "queued"]
    assert [row[2] for row in rows(again)] == ["sent", "sent"]
    assert again.dispatch.id == first.dispatch.id


def test_a_retried_mail_is_the_same_mail(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failures[MENTOR_MAIL] = OutcomeUnknown("smtp_hung_up")
    answer = announcements.announce(an_announcement(), ANONYMOUS)
    mailer.failures.clear()
    clock.pass_by(seconds=20)

    dispatcher.run_once()

    [mail] = [mail for mail in mailer.taken if mail.to == MENTOR_MAIL]
    assert mail.message_id == f"msg-00001.{answer.dispatch.id}"
    assert mail.written_at == answer.dispatch.created_at


@pytest.mark.parametrize(
    ("announcement", "lifetime"),
    [(an_announcement(), timedelta(hours=24)), (EXPIRED, timedelta(hours=72)), (reminder(14), timedelta(hours=25))],
    ids=["pause", "expiry", "reminder"],
)
def test_a_notice_that_is_too_old_is_given_up(
    announcements: Announcements,
    mailer: FakeMailer,
    dispatcher: Dispatcher,
    announcement: Announcement,
    lifetime: timedelta,
) -> None:
    mailer.failure = Unreachable("down")
    first = announcements.announce(announcement, ANONYMOUS, key=a_key("k"))
    mailer.failure = None
    dispatcher.clock.now += lifetime

    dispatcher.run_once()

    assert {row[2] for row in rows(announcements.announce(announcement, ANONYMOUS, key=a_key("k")))} == {"expired"}
    assert mailer.taken == []
    assert {row[2] for row in rows(first)} == {"queued"}


def test_a_message_with_two_unknown_outcomes_is_unknown(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failure = OutcomeUnknown("smtp_timeout")
    announcements.announce(an_announcement(), ANONYMOUS)
    clock.pass_by(seconds=20)

    dispatcher.run_once()

    answer = announcements.announce(an_announcement(), ANONYMOUS)
    assert [(row.status, row.reason) for row in answer.dispatch.messages] == [(Status.UNKNOWN, "smtp_timeout")] * 2


def test_a_mail_waits_for_the_contact_of_a_new_coordinator(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    announcement = an_announcement(context=a_context(coordinator_id="coordinator-new"))
    first = announcements.announce(announcement, ANONYMOUS)
    contacts.put(people=[a_coordinator(id="coordinator-new", email="new@lhl.example")])
    clock.pass_by(seconds=20)

    dispatcher.run_once()

    assert [row[2] for row in rows(first)] == ["sent", "queued"]
    assert mailer.addresses == [MENTOR_MAIL, "new@lhl.example"]


def test_messages_are_sent_to_a_person_in_the_order_of_their_announcements(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failures[MENTOR_MAIL] = RetryLater("smtp_451")
    announcements.announce(an_announcement(Notice.PAUSE_ACTIVATED), ANONYMOUS)
    mailer.failures.clear()

    overtaking = announcements.announce(an_announcement(Notice.PAUSE_LIFTED), ANONYMOUS)
    clock.pass_by(seconds=20)
    dispatcher.run_once()
    dispatcher.run_once()

    assert [row[2] for row in rows(overtaking)] == ["queued", "sent"]
    assert [mail.text.title for mail in mailer.taken if mail.to == MENTOR_MAIL] == [
        "Pausen din er registrert",
        "Velkommen tilbake! Pausen din er avsluttet",
    ]


def test_messages_about_one_mentor_do_not_wait_for_those_about_another(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    contacts.put(people=[a_contact(id="mentor-2", email="another@lhl.example")])
    mailer.failures[COORDINATOR_MAIL] = RetryLater("smtp_451")
    announcements.announce(an_announcement(), ANONYMOUS)
    mailer.failures.clear()

    other = announcements.announce(an_announcement(mentor_id="mentor-2"), ANONYMOUS)

    assert rows(other) == [("mentor-2", "email", "sent"), ("coordinator-007", "email", "sent")]


def test_a_message_that_was_sent_is_not_sent_again_by_a_late_worker(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, pusher: FakePusher, dispatcher: Dispatcher
) -> None:
    contacts.put(people=[a_contact(channels=(Channel.EMAIL, Channel.PUSH), push_token="t", version=2)])
    answer = announcements.announce(reminder(14), ANONYMOUS)

    for message, kind in zip(answer.dispatch.messages, ("mail", "push"), strict=True):
        dispatcher.routes[kind].deliver(a_delivery(kind, message=message.number))

    assert (len(mailer.taken), len(pusher.taken)) == (1, 1)


def test_one_refused_recipient_does_not_stop_the_others(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher
) -> None:
    mailer.failures[MENTOR_MAIL] = RetryLater("smtp_451")
    for days in range(20, 30):
        announcements.announce(reminder(days), ANONYMOUS)

    announcements.announce(an_announcement(Notice.PAUSE_ACTIVATED), ANONYMOUS)

    assert mailer.addresses == [COORDINATOR_MAIL]


def test_a_request_does_not_wait_for_a_silent_mail_server(announcements: Announcements, mailer: FakeMailer) -> None:
    mailer.gate = threading.Event()

    answer = announcements.announce(an_announcement(), ANONYMOUS, wait_seconds=0.1)

    assert [row[2] for row in rows(answer)] == ["queued", "queued"]
    mailer.gate.set()


def test_a_message_that_was_sent_stays_sent(database: Database, announcements: Announcements) -> None:
    sent, _ = announcements.announce(EXPIRED, ANONYMOUS).dispatch.messages

    with database.begin(tenant("lhl")) as session:
        dispatches.record_outcome(
            session, sent.number, Status.FAILED, organisation_id="lhl", at=utc_now(), reason="late"
        )

    again, _ = announcements.announce(EXPIRED, ANONYMOUS).dispatch.messages
    assert (again.status, again.reason) == (Status.SENT, None)


IN_QUIET_HOURS = [  # from 20 until 8 in Oslo, also in the night in which the clocks change
    ("2026-03-26T19:00:00Z", "2026-03-27T07:00:00Z"),
    ("2026-03-26T01:00:00Z", "2026-03-26T07:00:00Z"),
    ("2026-03-28T23:30:00Z", "2026-03-29T06:00:00Z"),
]


@pytest.mark.parametrize(("at", "until"), IN_QUIET_HOURS)
def test_a_planned_notice_rings_no_telephone_in_quiet_hours(
    *,
    announcements: Announcements,
    contacts: Contacts,
    pusher: FakePusher,
    dispatcher: Dispatcher,
    clock: MovableClock,
    at: str,
    until: str,
) -> None:
    channels = (Channel.EMAIL, Channel.PUSH, Channel.IN_APP)
    contacts.put(people=[a_contact(channels=channels, push_token="t", version=2)])
    clock.now = datetime.fromisoformat(at)
    planned = replace(EXPIRED, context=a_context(coordinator_id=None, planned=True, occurred_at=clock.now))

    answer = announcements.announce(planned, ANONYMOUS)

    assert rows(answer)[:3] == [
        ("mentor-042", "email", "sent"),
        ("mentor-042", "push", "queued"),
        ("mentor-042", "in_app", "delivered"),
    ]
    clock.now = datetime.fromisoformat(until) - timedelta(seconds=1)
    assert (dispatcher.run_once(), pusher.taken) == (0, [])
    clock.pass_by(seconds=1)
    assert (dispatcher.run_once(), len(pusher.taken)) == (1, 1)


def test_a_push_message_that_fails_in_the_evening_waits_for_the_morning(
    announcements: Announcements,
    contacts: Contacts,
    pusher: FakePusher,
    dispatcher: Dispatcher,
    clock: MovableClock,
) -> None:
    contacts.put(people=[a_contact(channels=(Channel.PUSH,), push_token="t", version=2)])
    clock.now = datetime.fromisoformat("2026-03-26T18:59:59Z")
    pusher.failure = Unreachable("down")
    announcements.announce(an_announcement(Notice.RETURN_SOON, context=a_context(planned=True)), ANONYMOUS)

    pusher.failure = None
    clock.pass_by(minutes=1)
    dispatcher.run_once()
    assert pusher.taken == []
    clock.now = datetime.fromisoformat("2026-03-27T07:00:00Z")
    dispatcher.run_once()
    assert len(pusher.taken) == 1


@pytest.mark.parametrize("context", [None, a_context(occurred_at=datetime.fromisoformat("2026-03-26T01:00:00Z"))])
def test_a_notice_that_a_client_asked_for_is_pushed_at_any_hour(
    announcements: Announcements,
    contacts: Contacts,
    pusher: FakePusher,
    clock: MovableClock,
    context: Context | None,
) -> None:
    contacts.put(people=[a_contact(channels=(Channel.PUSH,), push_token="t", version=2)])
    clock.now = datetime.fromisoformat("2026-03-26T01:00:00Z")

    announcements.announce(replace(EXPIRED, context=context), ANONYMOUS)

    assert len(pusher.taken) == 1


def test_the_quiet_hours_are_those_of_the_organisation(
    announcements: Announcements, contacts: Contacts, pusher: FakePusher, clock: MovableClock
) -> None:
    own = NoticeSettings(quiet_from=time(1), quiet_until=time(2))
    contacts.put(
        organisations=[an_organisation(settings=own, version=2)],
        people=[a_contact(channels=(Channel.PUSH,), push_token="t", version=2)],
    )
    for hour in ("2026-03-26T00:30:00Z", "2026-03-27T23:30:00Z"):
        clock.now = datetime.fromisoformat(hour)
        context = a_context(planned=True, coordinator_id=None)
        announcements.announce(replace(EXPIRED, expiry_date=clock.now, context=context), ANONYMOUS)

    assert len(pusher.taken) == 1
