"""Who is notified of an announcement, on which channels, and what their texts say."""

import psycopg
import pytest
from notification_service.domain.access import ANONYMOUS, COORDINATOR, ORG_ADMIN, MentorNotFound, Principal
from notification_service.domain.model import Announcement, Channel, Notice, Status
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.person_data import Contacts
from shared_lib.errors import Rejected, Unreachable

from ..builders import a_contact, a_context, a_coordinator, an_announcement
from ..fakes import FakeAcknowledgements, FakeMailer, FakePusher
from .announcing import EXPIRED, reminder, rows

MENTOR_MAIL, COORDINATOR_MAIL = "kari.nordmann@lhl.example", "ola.hansen@lhl.example"
pytestmark = pytest.mark.usefixtures("people")


@pytest.mark.parametrize(
    "announcement",
    [an_announcement(Notice.PAUSE_ACTIVATED), an_announcement(Notice.PAUSE_LIFTED), EXPIRED, reminder(7)],
    ids=lambda announcement: str(announcement.notice),
)
def test_mentor_and_coordinator_are_mailed(
    announcements: Announcements, mailer: FakeMailer, announcement: Announcement
) -> None:
    answer = announcements.announce(announcement, ANONYMOUS)

    assert rows(answer) == [("mentor-042", "email", "sent"), ("coordinator-007", "email", "sent")]
    assert mailer.addresses == [MENTOR_MAIL, COORDINATOR_MAIL]
    assert [row.message_id for row in answer.dispatch.messages] == ["msg-00001", "msg-00002"]


def test_an_early_reminder_is_for_the_mentor_alone(announcements: Announcements, mailer: FakeMailer) -> None:
    announcements.announce(reminder(14), ANONYMOUS)

    assert mailer.addresses == [MENTOR_MAIL]


def test_without_a_coordinator_the_admins_are_notified(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    contacts.put(people=[a_contact(coordinator_id=None, version=2)])

    announcements.announce(EXPIRED, ANONYMOUS)

    assert mailer.addresses == ["admin@lhl.example", MENTOR_MAIL]
    assert acknowledgements.opened == []


def test_a_coordinator_who_has_left_is_not_notified(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    contacts.put(people=[a_coordinator(active=False, version=2)])

    announcements.announce(an_announcement(), ANONYMOUS)

    assert mailer.addresses == ["admin@lhl.example", MENTOR_MAIL]


def test_a_mentor_who_is_their_own_coordinator_is_notified_once(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    contacts.put(people=[a_contact(coordinator_id="mentor-042", version=2)])

    announcements.announce(EXPIRED, ANONYMOUS)

    assert mailer.addresses == [MENTOR_MAIL]
    assert [lapse.coordinator_id for lapse in acknowledgements.opened] == ["mentor-042"]


def test_the_orchestrators_context_wins_over_our_contacts(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    colleague = a_coordinator(id="coordinator-008", email="colleague@lhl.example")
    contacts.put(people=[colleague, a_coordinator(id="coordinator-009", email="new@lhl.example")])

    announcements.announce(
        an_announcement(context=a_context(coordinator_id="coordinator-009", also=("coordinator-008",))), ANONYMOUS
    )

    assert mailer.addresses == ["colleague@lhl.example", MENTOR_MAIL, "new@lhl.example"]


@pytest.mark.parametrize("change", [{"id": "another-id"}, {"is_mentor": False}, {"active": False}])
def test_nothing_is_sent_about_an_unknown_or_inactive_mentor(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, change: dict[str, object]
) -> None:
    contacts.put(people=[a_contact(**{"id": "mentor-x", **change})])

    with pytest.raises(MentorNotFound):
        announcements.announce(an_announcement(mentor_id="mentor-x"), ANONYMOUS)

    assert mailer.taken == []


@pytest.mark.parametrize(
    "principal",
    [
        Principal(id="admin", roles=frozenset({ORG_ADMIN}), organisation_id="nhf"),
        Principal(id="other", roles=frozenset({COORDINATOR}), organisation_id="lhl"),
    ],
)
def test_a_mentor_of_others_is_as_unknown_as_one_who_does_not_exist(
    announcements: Announcements, principal: Principal
) -> None:
    with pytest.raises(MentorNotFound):
        announcements.announce(an_announcement(), principal)


def test_every_channel_has_a_row_of_its_own(
    announcements: Announcements, contacts: Contacts, pusher: FakePusher, mailer: FakeMailer, everything_url: str
) -> None:
    channels = (Channel.EMAIL, Channel.PUSH, Channel.IN_APP)
    contacts.put(people=[a_contact(channels=channels, push_token="t", version=2)])
    contacts.put(people=[a_coordinator(channels=channels, email=None, version=2)])

    answer = announcements.announce(an_announcement(), ANONYMOUS)

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
    assert [message.text.push for message in pusher.taken] == [
        "Pausen din er registrert. Du får ingen nye oppdrag så lenge den varer."
    ]
    with psycopg.connect(everything_url) as connection:
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

    answer = announcements.announce(an_announcement(), ANONYMOUS)

    assert [row[2] for row in rows(answer)] == ["sent", "failed", "failed"]
    assert [message.reason for message in answer.dispatch.messages] == [None, "http_410", "smtp_550"]


def test_an_unusable_address_is_skipped_with_its_reason(announcements: Announcements, contacts: Contacts) -> None:
    contacts.put(people=[a_contact(email="=?UTF-8?Q?=0A?=Bcc: x@y", version=2)])

    answer = announcements.announce(an_announcement(), ANONYMOUS)

    assert rows(answer)[0] == ("mentor-042", "email", "skipped")
    assert answer.dispatch.messages[0].reason == "invalid_address"


def test_a_recipient_without_channels_is_mailed_of_an_expired_certification_alone(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer
) -> None:
    contacts.put(people=[a_contact(channels=(), version=2), a_coordinator(channels=(Channel.IN_APP,), version=2)])

    paused = announcements.announce(an_announcement(), ANONYMOUS)
    expired = announcements.announce(EXPIRED, ANONYMOUS)

    assert [(row.status, row.reason) for row in paused.dispatch.messages] == [
        (Status.SKIPPED, "silenced"),
        (Status.DELIVERED, None),
    ]
    assert [row[1:] for row in rows(expired)] == [("email", "sent"), ("email", "sent"), ("in_app", "delivered")]


def test_a_lapse_is_opened_even_when_no_mail_arrives(
    announcements: Announcements, mailer: FakeMailer, acknowledgements: FakeAcknowledgements
) -> None:
    mailer.failure = Unreachable("down")

    answer = announcements.announce(EXPIRED, ANONYMOUS)

    [lapse] = acknowledgements.opened
    assert (lapse.notification_id, lapse.coordinator_id) == (answer.dispatch.id, "coordinator-007")
    assert [row[2] for row in rows(answer)] == ["queued", "queued"]


@pytest.mark.parametrize("notice", [Notice.PAUSE_ACTIVATED, Notice.PAUSE_LIFTED])
def test_only_an_expiry_opens_a_lapse(
    announcements: Announcements, acknowledgements: FakeAcknowledgements, notice: Notice
) -> None:
    announcements.announce(an_announcement(notice), ANONYMOUS)
    announcements.announce(reminder(0), ANONYMOUS)

    assert acknowledgements.opened == []
