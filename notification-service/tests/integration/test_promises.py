"""What was promised is kept: later, in order, once, or given up and said so."""

import threading
from datetime import timedelta

import pytest
from notification_service.domain.model import Announcement, Channel, Notice, Status
from notification_service.usecases.announcements import Announcements, Requester
from notification_service.usecases.contacts import Contacts
from shared_lib.errors import OutcomeUnknown, RetryLater, Unreachable
from shared_lib.outbox import Dispatcher

from ..builders import a_contact, a_context, a_coordinator, a_delivery, an_announcement
from ..fakes import FakeMailer, FakePusher, MovableClock
from .asking import ANYBODY, EXPIRED, reminder, rows, with_key

pytestmark = pytest.mark.usefixtures("people")
MENTOR_MAIL, COORDINATOR_MAIL = "kari.nordmann@lhl.example", "ola.hansen@lhl.example"


def test_what_could_not_be_sent_is_sent_later(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failure = Unreachable("down")
    first = announcements.announce(an_announcement(), ANYBODY)

    mailer.failure = None
    clock.pass_by(seconds=20)
    dispatcher.run_once()

    again = announcements.announce(an_announcement(), ANYBODY)
    assert [row[2] for row in rows(first)] == ["queued", "queued"]
    assert [row[2] for row in rows(again)] == ["sent", "sent"]
    assert again.dispatch.id == first.dispatch.id


def test_a_retried_mail_is_the_same_mail(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failures[MENTOR_MAIL] = OutcomeUnknown("smtp_hung_up")
    answer = announcements.announce(an_announcement(), ANYBODY)
    mailer.failures.clear()
    clock.pass_by(seconds=20)

    dispatcher.run_once()

    [mail] = [mail for mail in mailer.taken if mail.to == MENTOR_MAIL]
    assert mail.message_id == f"msg-00001.{answer.dispatch.id}"
    assert mail.written_at == answer.dispatch.created_at


@pytest.mark.parametrize(
    ("announcement", "patience"),
    [(an_announcement(), timedelta(hours=24)), (EXPIRED, timedelta(hours=72)), (reminder(14), timedelta(hours=25))],
    ids=["pause", "expiry", "reminder"],
)
def test_a_notice_that_is_too_old_is_given_up(
    announcements: Announcements,
    mailer: FakeMailer,
    dispatcher: Dispatcher,
    announcement: Announcement,
    patience: timedelta,
) -> None:
    mailer.failure = Unreachable("down")
    first = announcements.announce(announcement, with_key("k"))
    mailer.failure = None
    dispatcher.clock.now += patience

    dispatcher.run_once()

    assert {row[2] for row in rows(announcements.announce(announcement, with_key("k")))} == {"expired"}
    assert mailer.taken == []
    assert {row[2] for row in rows(first)} == {"queued"}


def test_an_outcome_nobody_knows_is_called_unknown(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failure = OutcomeUnknown("smtp_timeout")
    announcements.announce(an_announcement(), ANYBODY)
    clock.pass_by(seconds=20)

    dispatcher.run_once()

    answer = announcements.announce(an_announcement(), ANYBODY)
    assert [(row.status, row.reason) for row in answer.dispatch.messages] == [(Status.UNKNOWN, "smtp_timeout")] * 2


def test_a_coordinator_whose_news_has_not_arrived_yet_is_waited_for(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    announcement = an_announcement(context=a_context(coordinator_id="coordinator-new"))
    first = announcements.announce(announcement, ANYBODY)
    contacts.put(people=[a_coordinator(id="coordinator-new", email="new@lhl.example")])
    clock.pass_by(seconds=20)

    dispatcher.run_once()

    assert [row[2] for row in rows(first)] == ["sent", "queued"]
    assert mailer.addresses == [MENTOR_MAIL, "new@lhl.example"]


def test_notices_reach_a_person_in_the_order_they_were_made(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failures[MENTOR_MAIL] = RetryLater("smtp_451")
    announcements.announce(an_announcement(Notice.PAUSE_ACTIVATED), ANYBODY)
    mailer.failures.clear()

    overtaking = announcements.announce(an_announcement(Notice.PAUSE_LIFTED), ANYBODY)
    clock.pass_by(seconds=20)
    dispatcher.run_once()
    dispatcher.run_once()

    assert [row[2] for row in rows(overtaking)] == ["queued", "sent"]
    assert [mail.letter.title for mail in mailer.taken if mail.to == MENTOR_MAIL] == [
        "Pausen din er registrert",
        "Velkommen tilbake! Pausen din er avsluttet",
    ]


def test_news_of_one_mentor_does_not_wait_for_news_of_another(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    contacts.put(people=[a_contact(id="mentor-2", email="another@lhl.example")])
    mailer.failures[COORDINATOR_MAIL] = RetryLater("smtp_451")
    announcements.announce(an_announcement(), ANYBODY)
    mailer.failures.clear()

    other = announcements.announce(an_announcement(mentor_id="mentor-2"), ANYBODY)

    assert rows(other) == [("mentor-2", "email", "sent"), ("coordinator-007", "email", "sent")]


def test_a_worker_that_comes_late_tells_nobody_again(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, pusher: FakePusher, dispatcher: Dispatcher
) -> None:
    contacts.put(people=[a_contact(channels=(Channel.EMAIL, Channel.PUSH), push_token="t", version=2)])
    answer = announcements.announce(reminder(14), ANYBODY)

    for message, kind in zip(answer.dispatch.messages, ("mail", "push"), strict=True):
        dispatcher.routes[kind].deliver(a_delivery(kind, message=message.number))

    assert (len(mailer.taken), len(pusher.taken)) == (1, 1)


def test_one_refused_recipient_does_not_stop_the_others(
    announcements: Announcements, mailer: FakeMailer, dispatcher: Dispatcher
) -> None:
    mailer.failures[MENTOR_MAIL] = RetryLater("smtp_451")
    for days in range(20, 30):
        announcements.announce(reminder(days), ANYBODY)

    announcements.announce(an_announcement(Notice.PAUSE_ACTIVATED), ANYBODY)

    assert mailer.addresses == [COORDINATOR_MAIL]


def test_nobody_waits_for_a_silent_mail_server(announcements: Announcements, mailer: FakeMailer) -> None:
    mailer.gate = threading.Event()
    requester = Requester(subject="anonymous", wait_seconds=0.1)

    answer = announcements.announce(an_announcement(), requester)

    assert [row[2] for row in rows(answer)] == ["queued", "queued"]
    mailer.gate.set()
