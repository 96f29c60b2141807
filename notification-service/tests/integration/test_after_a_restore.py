"""After a restore of this service or of another one: older news is named, nothing is told twice, lapses come back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from notification_service.__main__ import main
from notification_service.domain.access import ANONYMOUS
from notification_service.domain.lapses import Certification, ClosedReason
from notification_service.domain.model import Announcement, Notice
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.person_data import Contacts
from shared_lib.outbox import Dispatcher
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import Addresses

from ..builders import A_MOMENT, a_contact, a_context, a_coordinator, an_announcement, an_organisation
from ..fakes import FakeAcknowledgements, FakeMailer, MovableClock
from .announcing import EXPIRED, a_key

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
def environ(database_url: str, issuer: Issuer) -> dict[str, str]:
    return issuer.environ(
        DATABASE_URL=database_url,
        ACKNOWLEDGEMENT_URL="http://127.0.0.1:9",
        SMTP_URL="smtp://127.0.0.1:9",
        MAIL_FROM="likeperson@portal.example",
    )


@pytest.mark.parametrize(("version", "older"), [(4, 1), (5, 0), (6, 0)])
@pytest.mark.parametrize("kind", ["contact", "organisation", "certification"])
def test_news_that_is_older_than_what_is_stored_is_named_and_changes_nothing(
    client: FlaskClient, as_service: dict[str, str], kind: str, version: int, older: int
) -> None:
    person = {"organisation_id": "lhl", "name": "Kari", "is_mentor": True}
    paths: Mapping[str, tuple[str, dict[str, Any]]] = {
        "contact": ("contacts/mentor-042", person),
        "organisation": ("contacts", {}),
        "certification": (
            "certifications/mentor-042",
            {"organisation_id": "lhl", "expires_at": None, "reason": "not_required"},
        ),
    }

    def put(number: int) -> Any:
        path, body = paths[kind]
        organisations = {"organisations": [{"id": "lhl", "name": "LHL", "version": number}]}
        body = organisations if kind == "organisation" else {**body, "version": number}
        answer = client.put(f"/internal/v1/{path}", json=body, headers=as_service)
        assert answer.status_code == 200, answer.text
        return answer.json["older"]

    assert put(5) == 0
    assert put(version) == older


def an_event_of(notice: Notice, effective: int) -> Announcement:
    return an_announcement(notice, context=a_context(effective_date=A_MOMENT + effective * DAY))


ON, OFF = Notice.PAUSE_ACTIVATED, Notice.PAUSE_LIFTED


@pytest.mark.parametrize(
    ("events", "is_sent"),
    [
        ([(ON, 0), (ON, 0)], False),
        ([(ON, 0), (OFF, 9), (OFF, 9)], False),
        ([(ON, 0), (OFF, 0), (ON, 0)], True),
        ([(ON, 0), (ON, 1)], True),
    ],
    ids=["the same pause", "the same end", "the opposite since", "another date"],
)
def test_a_pause_that_the_restored_orchestrator_sends_again_is_sent_once(
    announcements: Announcements, mailer: FakeMailer, clock: MovableClock, events: Any, is_sent: bool
) -> None:
    *earlier, again = events
    for number, event in enumerate(earlier):
        announcements.announce(an_event_of(*event), ANONYMOUS, key=a_key(f"before-{number}"))
        clock.pass_by(hours=1)
    mails = len(mailer.taken)

    accepted = announcements.announce(an_event_of(*again), ANONYMOUS, key=a_key("after"))

    assert (accepted.status, len(mailer.taken)) == ((201, mails + 2) if is_sent else (200, mails))


@pytest.mark.parametrize(("tier", "days"), [(14, 1), (7, 1), (None, 1), (None, 0)])
def test_a_planned_reminder_that_is_planned_again_is_sent_once(
    announcements: Announcements, mailer: FakeMailer, clock: MovableClock, tier: int | None, days: int
) -> None:
    is_sent = days == 1 and tier != 14
    clock.now = clock.now.replace(hour=10, minute=0)
    expiry = clock.now + 14 * DAY

    def remind(tier: int | None) -> int:
        context = a_context(expiry_date=expiry, planned=tier is not None, tier=tier)
        reminder = an_announcement(Notice.CERT_EXPIRY_REMINDER, days_remaining=14, context=context)
        return announcements.announce(reminder, ANONYMOUS).status

    assert remind(14) == 201
    mails = len(mailer.taken)
    clock.pass_by(days=days)

    assert remind(tier) == (201 if is_sent else 200)
    assert (len(mailer.taken) > mails) == is_sent


@contextmanager
def numbers_gone_back(addresses: Addresses) -> Iterator[None]:
    """After the block the numbers of messages continue as before it."""
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        [(last,)] = connection.execute("SELECT last_value FROM message_number_seq").fetchall()
        yield
        connection.execute("TRUNCATE message CASCADE")
        connection.execute("SELECT setval('message_number_seq', %s)", [last])


def test_no_message_id_is_given_twice(
    announcements: Announcements, environ: dict[str, str], clock: MovableClock, addresses: Addresses
) -> None:
    def ids(notice: Notice) -> set[str]:
        clock.pass_by(hours=1)
        return {m.message_id for m in announcements.announce(an_announcement(notice), ANONYMOUS).dispatch.messages}

    first = ids(ON)
    with numbers_gone_back(addresses):
        lost = ids(OFF)
    assert main(["outbox", "quarantine"], environ) == 0
    after = ids(ON)
    assert main(["outbox", "quarantine"], environ) == 0
    last = ids(OFF)

    assert len(first | lost | after | last) == 8


@pytest.fixture
def three_lapses(
    announcements: Announcements, contacts: Contacts, dispatcher: Dispatcher, clock: MovableClock
) -> dict[str, Any]:
    """An open one, one whose mentor got another coordinator, one that was renewed; the dispatch of each by mentor."""
    mentors = [a_contact(id=name) for name in ("open", "moved", "renewed")]
    contacts.put(organisations=[an_organisation()], people=[*mentors, a_coordinator(id="successor")])
    found = {}
    for mentor in mentors:
        lapse = an_announcement(Notice.CERT_EXPIRY, mentor_id=mentor.id, expiry_date=A_MOMENT)
        found[mentor.id] = announcements.announce(lapse, ANONYMOUS).dispatch.id
    contacts.put(people=[a_contact(id="moved", coordinator_id="successor", version=2)])
    contacts.lapse_news.certification(
        Certification(
            mentor_id="renewed",
            organisation_id="lhl",
            expires_at=A_MOMENT + 400 * DAY,
            reason=ClosedReason.RENEWED,
            version=3,
        )
    )
    relayed(dispatcher, clock)
    return found


def relayed(dispatcher: Dispatcher, clock: MovableClock) -> None:
    clock.pass_by(minutes=11)
    while dispatcher.run_once():
        clock.pass_by(minutes=11)


def test_open_lapses_are_opened_again_for_the_first_coordinator_and_moved_to_the_present_one(
    three_lapses: dict[str, Any],
    environ: dict[str, str],
    dispatcher: Dispatcher,
    acknowledgements: FakeAcknowledgements,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for kept in (acknowledgements.opened, acknowledgements.reassigned, acknowledgements.certified):
        kept.clear()

    assert main(["lapses", "reopen", "nowhere"], environ) == 1
    assert main(["lapses", "reopen", "--dry-run"], environ) == 0
    relayed(dispatcher, dispatcher.clock)
    assert acknowledgements.opened == []
    for _ in range(2):
        assert main(["lapses", "reopen", "lhl"], environ) == 0
        relayed(dispatcher, dispatcher.clock)

    opened = [(lapse.notification_id, lapse.coordinator_id) for lapse in acknowledgements.opened]
    assert opened == [(three_lapses[name], "coordinator-007") for name in ("open", "moved")] * 2
    (moved,) = {(news.notification_id, news.coordinator_id, news.version) for news in acknowledgements.reassigned}
    assert moved == (three_lapses["moved"], "successor", 2)
    assert {(news.mentor_id, news.version) for news in acknowledgements.certified} == {("renewed", 3)}
    output = capsys.readouterr().out
    assert "lhl: 2 lapses and 1 certifications would be told." in output
    assert "lhl: 2 lapses and 1 certifications will be told." in output


def test_the_coordinator_of_a_lapse_comes_with_the_newest_version(
    announcements: Announcements,
    contacts: Contacts,
    environ: dict[str, str],
    dispatcher: Dispatcher,
    acknowledgements: FakeAcknowledgements,
) -> None:
    """The acknowledgement service may know a newer one of the time that was lost."""
    announcements.announce(EXPIRED, ANONYMOUS)

    contacts.put(people=[a_contact(version=9)])
    assert main(["lapses", "reopen"], environ) == 0
    relayed(dispatcher, dispatcher.clock)

    assert [(news.coordinator_id, news.version) for news in acknowledgements.reassigned] == [("coordinator-007", 9)]
