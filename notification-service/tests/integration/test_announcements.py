"""Who is told what, once, whatever happens around it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from notification_service.domain.errors import MentorNotFound
from notification_service.domain.model import Announcement, Channel, Notice, Status
from notification_service.domain.scope import Scope
from notification_service.usecases.announcements import Announcements, Answer, Requester
from notification_service.usecases.contacts import Contacts
from shared_lib.errors import Deferred, Rejected, Unreachable, Unsettled
from shared_lib.idempotency import KeyReused, RequestKey
from shared_lib.outbox import Relay

from ..builders import A_MOMENT, a_contact, a_context, a_coordinator, a_delivery, an_announcement, an_organisation
from ..fakes import FakeAcknowledgements, FakeMailer, FakePusher, MovableClock

ANYBODY = Requester(subject="anonymous")
MENTOR_MAIL, COORDINATOR_MAIL = "kari.nordmann@lhl.example", "ola.hansen@lhl.example"
EXPIRED = an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT)


@pytest.fixture(autouse=True)
def people(contacts: Contacts) -> None:
    admin = a_coordinator(id="admin-lhl", name="Anne Admin", email="admin@lhl.example")
    contacts.put(organisations=[an_organisation()], people=[a_contact(), a_coordinator(), admin])


def with_key(key: str, body: bytes = b"") -> Requester:
    return Requester(subject="anonymous", key=RequestKey(caller="anonymous", operation="x", key=key, fingerprint=body))


def rows(answer: Answer) -> list[tuple[str, str, str]]:
    return [(row.recipient_id, row.channel, row.status) for row in answer.dispatch.messages]


def reminder(days: int) -> Announcement:
    return an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=days)


@pytest.mark.parametrize(
    "announcement",
    [an_announcement(Notice.PAUSE_ACTIVATED), an_announcement(Notice.PAUSE_LIFTED), EXPIRED, reminder(7)],
    ids=lambda announcement: str(announcement.notice),
)
def test_mentor_and_coordinator_are_mailed(
    announcements: Announcements, mailer: FakeMailer, announcement: Announcement
) -> None:
    answer = announcements.announce(announcement, ANYBODY)

    assert rows(answer) == [("mentor-042", "email", "sent"), ("coordinator-007", "email", "sent")]
    assert mailer.addresses == [MENTOR_MAIL, COORDINATOR_MAIL]
    assert [row.message_id for row in answer.dispatch.messages] == ["msg-00001", "msg-00002"]


def test_an_early_reminder_is_for_the_mentor_alone(announcements: Announcements, mailer: FakeMailer) -> None:
    announcements.announce(reminder(14), ANYBODY)

    assert mailer.addresses == [MENTOR_MAIL]


def test_without_a_coordinator_the_admins_are_told(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    contacts.put(people=[a_contact(coordinator_id=None, version=2)])

    announcements.announce(EXPIRED, ANYBODY)

    assert mailer.addresses == ["admin@lhl.example", MENTOR_MAIL]
    assert acknowledgements.opened == []


def test_a_coordinator_who_has_left_is_not_told(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    contacts.put(people=[a_coordinator(active=False, version=2)])

    announcements.announce(an_announcement(), ANYBODY)

    assert mailer.addresses == ["admin@lhl.example", MENTOR_MAIL]


def test_a_mentor_who_is_his_own_coordinator_is_told_once(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    contacts.put(people=[a_contact(coordinator_id="mentor-042", version=2)])

    announcements.announce(EXPIRED, ANYBODY)

    assert mailer.addresses == [MENTOR_MAIL]
    assert [lapse.coordinator_id for lapse in acknowledgements.opened] == ["mentor-042"]


def test_the_orchestrator_knows_better_who_is_responsible(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    colleague = a_coordinator(id="coordinator-008", email="colleague@lhl.example")
    contacts.put(people=[colleague, a_coordinator(id="coordinator-009", email="new@lhl.example")])

    announcements.announce(
        an_announcement(context=a_context(coordinator_id="coordinator-009", also=("coordinator-008",))), ANYBODY
    )

    assert mailer.addresses == ["colleague@lhl.example", MENTOR_MAIL, "new@lhl.example"]


@pytest.mark.parametrize("change", [{"id": "somebody-else"}, {"is_mentor": False}, {"active": False}])
def test_nobody_hears_of_a_mentor_we_do_not_know(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, change: dict[str, object]
) -> None:
    contacts.put(people=[a_contact(**{"id": "mentor-x", **change})])

    with pytest.raises(MentorNotFound):
        announcements.announce(an_announcement(mentor_id="mentor-x"), ANYBODY)

    assert mailer.taken == []


@pytest.mark.parametrize("scope", [Scope(organisation_id="nhf"), Scope(organisation_id="lhl", coordinator_id="other")])
def test_a_mentor_of_others_is_as_unknown_as_one_who_does_not_exist(announcements: Announcements, scope: Scope) -> None:
    with pytest.raises(MentorNotFound):
        announcements.announce(an_announcement(), Requester(subject="person:x", scope=scope))


def test_every_channel_has_a_row_of_its_own(
    announcements: Announcements, contacts: Contacts, pusher: FakePusher, mailer: FakeMailer, database_url: str
) -> None:
    channels = (Channel.EMAIL, Channel.PUSH, Channel.IN_APP)
    contacts.put(people=[a_contact(channels=channels, push_token="t", version=2)])
    contacts.put(people=[a_coordinator(channels=channels, email=None, version=2)])

    answer = announcements.announce(an_announcement(), ANYBODY)

    assert [
        (*row[1:], message.reason) for row, message in zip(rows(answer), answer.dispatch.messages, strict=True)
    ] == [
        ("email", "sent", None),
        ("push", "delivered", None),
        ("in_app", "delivered", None),
        ("email", "skipped", "no_address"),
        ("push", "skipped", "no_address"),
        ("in_app", "delivered", None),
    ]
    assert [note.letter.push for note in pusher.taken] == [
        "Pausen din er registrert. Du får ingen nye oppdrag så lenge den varer."
    ]
    with psycopg.connect(database_url) as connection:
        inbox = connection.execute("SELECT recipient_id, title, link FROM inbox ORDER BY message_number").fetchall()
    assert inbox == [
        ("mentor-042", "Pausen din er registrert", "https://portal.example/mentor/pauses"),
        ("coordinator-007", "En pause er registrert", "https://portal.example/coordinator/pauses"),
    ]


def test_a_failing_channel_hides_no_other(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, pusher: FakePusher
) -> None:
    contacts.put(people=[a_contact(channels=(Channel.EMAIL, Channel.PUSH), push_token="t", version=2)])
    pusher.failure = Rejected("http_410")
    mailer.failures[COORDINATOR_MAIL] = Rejected("smtp_550")

    answer = announcements.announce(an_announcement(), ANYBODY)

    assert [row[2] for row in rows(answer)] == ["sent", "failed", "failed"]
    assert [message.reason for message in answer.dispatch.messages] == [None, "http_410", "smtp_550"]


def test_an_unusable_address_is_skipped_and_said_so(announcements: Announcements, contacts: Contacts) -> None:
    contacts.put(people=[a_contact(email="=?UTF-8?Q?=0A?=Bcc: x@y", version=2)])

    answer = announcements.announce(an_announcement(), ANYBODY)

    assert rows(answer)[0] == ("mentor-042", "email", "skipped")
    assert answer.dispatch.messages[0].reason == "invalid_address"


def test_whoever_wants_no_notices_gets_none_but_of_an_expired_certification(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    contacts.put(people=[a_contact(channels=(), version=2), a_coordinator(channels=(Channel.IN_APP,), version=2)])

    paused = announcements.announce(an_announcement(), ANYBODY)
    expired = announcements.announce(EXPIRED, ANYBODY)

    assert [(row.status, row.reason) for row in paused.dispatch.messages] == [
        (Status.SKIPPED, "silenced"),
        (Status.DELIVERED, None),
    ]
    assert [row[1:] for row in rows(expired)] == [("email", "sent"), ("email", "sent"), ("in_app", "delivered")]


def test_a_lapse_is_opened_even_when_no_mail_arrives(
    announcements: Announcements, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    mailer.failure = Unreachable("down")

    answer = announcements.announce(EXPIRED, ANYBODY)

    [lapse] = acknowledgements.opened
    assert (lapse.notification_id, lapse.coordinator_id) == (answer.dispatch.id, "coordinator-007")
    assert [row[2] for row in rows(answer)] == ["queued", "queued"]


@pytest.mark.parametrize("notice", [Notice.PAUSE_ACTIVATED, Notice.PAUSE_LIFTED])
def test_only_an_expiry_opens_a_lapse(
    announcements: Announcements, acknowledgements: FakeAcknowledgements, notice: Notice
) -> None:
    announcements.announce(an_announcement(notice), ANYBODY)
    announcements.announce(reminder(0), ANYBODY)

    assert acknowledgements.opened == []


def test_what_could_not_be_sent_is_sent_later(
    announcements: Announcements, mailer: FakeMailer, relay: Relay, clock: MovableClock
) -> None:
    mailer.failure = Unreachable("down")
    first = announcements.announce(an_announcement(), ANYBODY)

    mailer.failure = None
    clock.pass_by(seconds=20)
    relay.run_once()

    again = announcements.announce(an_announcement(), ANYBODY)
    assert [row[2] for row in rows(first)] == ["queued", "queued"]
    assert [row[2] for row in rows(again)] == ["sent", "sent"]
    assert again.dispatch.id == first.dispatch.id


def test_a_retried_mail_is_the_same_mail(
    announcements: Announcements, mailer: FakeMailer, relay: Relay, clock: MovableClock
) -> None:
    mailer.failures[MENTOR_MAIL] = Unsettled("smtp_hung_up")
    answer = announcements.announce(an_announcement(), ANYBODY)
    mailer.failures.clear()
    clock.pass_by(seconds=20)

    relay.run_once()

    [mail] = [mail for mail in mailer.taken if mail.to == MENTOR_MAIL]
    assert mail.message_id == f"msg-00001.{answer.dispatch.id}"
    assert mail.written_at == answer.dispatch.created_at


@pytest.mark.parametrize(
    ("announcement", "patience"),
    [(an_announcement(), timedelta(hours=24)), (EXPIRED, timedelta(hours=72)), (reminder(14), timedelta(hours=25))],
    ids=["pause", "expiry", "reminder"],
)
def test_a_notice_that_is_too_old_is_given_up(
    announcements: Announcements, mailer: FakeMailer, relay: Relay, announcement: Announcement, patience: timedelta
) -> None:
    mailer.failure = Unreachable("down")
    first = announcements.announce(announcement, with_key("k"))
    mailer.failure = None
    relay.clock.now += patience

    relay.run_once()

    assert {row[2] for row in rows(announcements.announce(announcement, with_key("k")))} == {"expired"}
    assert mailer.taken == []
    assert {row[2] for row in rows(first)} == {"queued"}


def test_an_outcome_nobody_knows_is_called_unknown(
    announcements: Announcements, mailer: FakeMailer, relay: Relay, clock: MovableClock
) -> None:
    mailer.failure = Unsettled("smtp_timeout")
    announcements.announce(an_announcement(), ANYBODY)
    clock.pass_by(seconds=20)

    relay.run_once()

    answer = announcements.announce(an_announcement(), ANYBODY)
    assert [(row.status, row.reason) for row in answer.dispatch.messages] == [(Status.UNKNOWN, "smtp_timeout")] * 2


def test_a_coordinator_whose_news_has_not_arrived_yet_is_waited_for(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, relay: Relay, clock: MovableClock
) -> None:
    announcement = an_announcement(context=a_context(coordinator_id="coordinator-new"))
    first = announcements.announce(announcement, ANYBODY)
    contacts.put(people=[a_coordinator(id="coordinator-new", email="new@lhl.example")])
    clock.pass_by(seconds=20)

    relay.run_once()

    assert [row[2] for row in rows(first)] == ["sent", "queued"]
    assert mailer.addresses == [MENTOR_MAIL, "new@lhl.example"]


def test_notices_reach_a_person_in_the_order_they_were_made(
    announcements: Announcements, mailer: FakeMailer, relay: Relay, clock: MovableClock
) -> None:
    mailer.failures[MENTOR_MAIL] = Deferred("smtp_451")
    announcements.announce(an_announcement(Notice.PAUSE_ACTIVATED), ANYBODY)
    mailer.failures.clear()

    overtaking = announcements.announce(an_announcement(Notice.PAUSE_LIFTED), ANYBODY)
    clock.pass_by(seconds=20)
    relay.run_once()
    relay.run_once()

    assert [row[2] for row in rows(overtaking)] == ["queued", "sent"]
    assert [mail.letter.title for mail in mailer.taken if mail.to == MENTOR_MAIL] == [
        "Pausen din er registrert",
        "Velkommen tilbake! Pausen din er avsluttet",
    ]


def test_a_worker_that_comes_late_tells_nobody_again(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, pusher: FakePusher, relay: Relay
) -> None:
    contacts.put(people=[a_contact(channels=(Channel.EMAIL, Channel.PUSH), push_token="t", version=2)])
    answer = announcements.announce(reminder(14), ANYBODY)

    for message, kind in zip(answer.dispatch.messages, ("mail", "push"), strict=True):
        relay.routes[kind].deliver(a_delivery(kind, message=message.number))

    assert (len(mailer.taken), len(pusher.taken)) == (1, 1)


def test_one_refused_recipient_does_not_stop_the_others(
    announcements: Announcements, mailer: FakeMailer, relay: Relay
) -> None:
    mailer.failures[MENTOR_MAIL] = Deferred("smtp_451")
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


class TestSameness:
    @pytest.fixture(autouse=True)
    def at_noon(self, clock: MovableClock) -> None:
        """The day must not end within these tests."""
        clock.now = clock.now.replace(hour=10, minute=0)

    def test_the_same_expiry_is_told_once(
        self, announcements: Announcements, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
    ) -> None:
        first = announcements.announce(EXPIRED, with_key("a"))
        again = announcements.announce(EXPIRED, with_key("b"))

        assert (first.status, again.status) == (201, 200)
        assert rows(again) == rows(first)
        assert (len(mailer.taken), len(acknowledgements.opened)) == (2, 1)

    def test_twenty_at_once_are_one(
        self, announcements: Announcements, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
    ) -> None:
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: announcements.announce(EXPIRED, ANYBODY), range(20)))

        assert sorted(answer.status for answer in answers) == [200] * 19 + [201]
        assert len({answer.dispatch.id for answer in answers}) == 1
        assert (len(mailer.taken), len(acknowledgements.opened)) == (2, 1)

    def test_twenty_under_one_key_at_once_are_one(self, announcements: Announcements, mailer: FakeMailer) -> None:
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: announcements.announce(an_announcement(), with_key("k")), range(20)))

        assert sum(not answer.is_replay for answer in answers) == 1
        assert {answer.status for answer in answers} == {201}
        assert len(mailer.taken) == 2

    def test_another_expiry_date_is_another_notice(self, announcements: Announcements, mailer: FakeMailer) -> None:
        announcements.announce(EXPIRED, ANYBODY)
        announcements.announce(an_announcement(Notice.CERT_EXPIRY, expiry_date=A_MOMENT + timedelta(days=1)), ANYBODY)

        assert len(mailer.taken) == 4

    @pytest.mark.parametrize(("hours", "days", "status"), [(1, 14, 200), (1, 13, 201), (24, 14, 201)])
    def test_a_reminder_is_one_per_tier_and_day(
        self, announcements: Announcements, clock: MovableClock, hours: int, days: int, status: int
    ) -> None:
        announcements.announce(reminder(14), ANYBODY)
        clock.pass_by(hours=hours)

        assert announcements.announce(reminder(days), ANYBODY).status == status

    @pytest.mark.parametrize(("minutes", "told"), [(9.9, 2), (10.1, 4)])
    def test_a_pause_is_the_same_for_ten_minutes(
        self, announcements: Announcements, mailer: FakeMailer, clock: MovableClock, minutes: float, told: int
    ) -> None:
        announcements.announce(an_announcement(), ANYBODY)
        clock.pass_by(minutes=minutes)
        announcements.announce(an_announcement(), ANYBODY)

        assert len(mailer.taken) == told

    def test_a_pause_after_its_opposite_is_a_new_one(
        self, announcements: Announcements, mailer: FakeMailer, clock: MovableClock
    ) -> None:
        for notice in (Notice.PAUSE_ACTIVATED, Notice.PAUSE_LIFTED, Notice.PAUSE_ACTIVATED):
            announcements.announce(an_announcement(notice), ANYBODY)
            clock.pass_by(seconds=1)

        assert len(mailer.taken) == 6

    def test_another_return_date_is_another_notice(self, announcements: Announcements, mailer: FakeMailer) -> None:
        announcements.announce(an_announcement(), ANYBODY)
        announcements.announce(an_announcement(expected_return_date=A_MOMENT), ANYBODY)

        assert len(mailer.taken) == 4

    def test_a_key_stands_for_one_request_only(self, announcements: Announcements) -> None:
        announcements.announce(an_announcement(), with_key("k", b"one"))

        with pytest.raises(KeyReused):
            announcements.announce(an_announcement(Notice.PAUSE_LIFTED), with_key("k", b"another"))

    def test_a_key_that_named_an_unknown_mentor_is_free_again(
        self, announcements: Announcements, contacts: Contacts
    ) -> None:
        unknown = an_announcement(mentor_id="mentor-new")
        with pytest.raises(MentorNotFound):
            announcements.announce(unknown, with_key("k"))
        contacts.put(people=[a_contact(id="mentor-new")])

        assert announcements.announce(unknown, with_key("k")).status == 201
