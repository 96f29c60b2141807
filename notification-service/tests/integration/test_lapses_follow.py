"""Lapses follow the mentor to a new coordinator, are opened once there is one, and end with the certification."""

from datetime import timedelta
from typing import Any

import pytest
from notification_service.domain.access import ANONYMOUS
from notification_service.domain.lapses import Certification, ClosedReason
from notification_service.domain.model import Contact
from notification_service.usecases.announcements import Accepted, Announcements
from notification_service.usecases.person_data import Contacts, PersonData
from shared_lib.database.engine import Database
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher

from ..builders import A_MOMENT, a_contact, a_coordinator, an_organisation
from ..fakes import FakeAcknowledgements, FakeMailer, MovableClock
from .announcing import EXPIRED, rows

LATER = A_MOMENT + timedelta(days=700)
NOTHING = {"closed": 0, "reopened": 0, "withdrawn": 0, "older": 0}
KARI = a_coordinator(id="coordinator-new", email="new@lhl.example")


@pytest.fixture
def update(contacts: Contacts, dispatcher: Dispatcher, clock: MovableClock) -> Any:
    """Stores contacts, as the orchestrator tells them, and lets the relay work."""

    def store(*people: Contact) -> None:
        contacts.put(organisations=[an_organisation()], people=people)
        relayed(dispatcher, clock)

    return store


def relayed(dispatcher: Dispatcher, clock: MovableClock) -> None:
    for _ in range(3):
        clock.pass_by(minutes=11)
        dispatcher.run_once()


def expired(announcements: Announcements) -> Accepted:
    return announcements.announce(EXPIRED, ANONYMOUS)


@pytest.fixture
def certify(contacts: Contacts, dispatcher: Dispatcher, clock: MovableClock) -> Any:
    """Tells a certification, as the orchestrator does, and lets the relay work."""

    def put(until: Any, reason: str = "renewed", version: int = 1) -> Any:
        news = Certification(
            mentor_id="mentor-042",
            organisation_id="lhl",
            expires_at=until,
            reason=ClosedReason(reason),
            version=version,
        )
        outcome = contacts.lapse_news.certification(news)
        relayed(dispatcher, clock)
        return outcome

    return put


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("successor", ["coordinator-new", None])
def test_a_lapse_follows_a_mentor_whose_coordinator_is_another_or_nobody(
    announcements: Announcements, acknowledgements: FakeAcknowledgements, update: Any, successor: str | None
) -> None:
    dispatch = expired(announcements).dispatch

    update(KARI, a_contact(coordinator_id=successor, version=5))
    update(a_contact(coordinator_id=successor, name="Renamed", version=6))
    update(a_contact(coordinator_id="older", version=4))

    (moved,) = acknowledgements.reassigned
    assert (moved.notification_id, moved.organisation_id) == (dispatch.id, "lhl")
    assert (moved.coordinator_id, moved.version) == (successor, 5)


@pytest.mark.usefixtures("people")
def test_a_lapse_that_could_not_be_opened_yet_is_opened_and_then_follows(
    announcements: Announcements,
    acknowledgements: FakeAcknowledgements,
    update: Any,
    dispatcher: Dispatcher,
    clock: MovableClock,
) -> None:
    acknowledgements.failure = Unreachable("down")
    expired(announcements)
    update(KARI, a_contact(coordinator_id="coordinator-new", version=5))

    acknowledgements.failure = None
    relayed(dispatcher, clock)

    assert [lapse.coordinator_id for lapse in acknowledgements.opened] == ["coordinator-007"]
    assert {news.coordinator_id for news in acknowledgements.reassigned} == {"coordinator-new"}


@pytest.mark.parametrize("days", [0, 89, 91])
def test_a_mentor_without_coordinator_has_a_lapse_as_soon_as_one_is_found(
    announcements: Announcements,
    acknowledgements: FakeAcknowledgements,
    mailer: FakeMailer,
    update: Any,
    days: int,
) -> None:
    admin = a_coordinator(id="admin-lhl", email="admin@lhl.example")
    update(a_contact(coordinator_id=None), admin)
    dispatch = expired(announcements).dispatch
    assert (acknowledgements.opened, mailer.addresses) == ([], ["admin@lhl.example", "kari.nordmann@lhl.example"])

    announcements.clock.pass_by(days=days)  # type: ignore[attr-defined]
    update(KARI, a_contact(coordinator_id="coordinator-new", version=2))
    update(a_contact(coordinator_id="coordinator-new", name="Renamed", version=3))

    opened = [(lapse.notification_id, lapse.coordinator_id) for lapse in acknowledgements.opened]
    assert opened == ([(dispatch.id, "coordinator-new")] if days < 90 else [])
    assert mailer.addresses.count("new@lhl.example") == len(opened)
    assert acknowledgements.reassigned == []
    again = rows(announcements.announce(EXPIRED, ANONYMOUS))
    assert (("coordinator-new", "email", "sent") in again) is bool(opened)


def test_a_lapse_of_a_certification_that_was_renewed_meanwhile_is_not_opened(
    announcements: Announcements, acknowledgements: FakeAcknowledgements, mailer: FakeMailer, update: Any, certify: Any
) -> None:
    update(a_contact(coordinator_id=None))
    expired(announcements)
    certify(LATER)

    update(KARI, a_contact(coordinator_id="coordinator-new", version=2))

    assert acknowledgements.opened == []
    assert "new@lhl.example" not in mailer.addresses


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("reason", ClosedReason)
def test_news_about_a_certification_goes_on_and_nothing_that_is_queued_is_sent(
    announcements: Announcements,
    acknowledgements: FakeAcknowledgements,
    mailer: FakeMailer,
    certify: Any,
    reason: ClosedReason,
) -> None:
    until = LATER if reason is ClosedReason.RENEWED else None
    mailer.failure = Unreachable("down")
    expired(announcements)
    mailer.failure = None

    assert certify(until, reason, version=17) == {"closed": 1, "reopened": 0, "withdrawn": 2, "older": 0}
    assert certify(until, reason, version=17) == NOTHING
    assert certify(A_MOMENT, version=16) == {**NOTHING, "older": 1}

    (news,) = acknowledgements.certified
    assert (news.mentor_id, news.expires_at, news.reason, news.version) == ("mentor-042", until, reason, 17)
    assert mailer.taken == []
    messages = announcements.announce(EXPIRED, ANONYMOUS).dispatch.messages
    assert {(message.status, message.reason) for message in messages} == {("skipped", reason)}


@pytest.mark.usefixtures("people")
def test_a_lapse_that_was_closed_before_it_was_open_is_opened_when_the_renewal_is_taken_back(
    announcements: Announcements, acknowledgements: FakeAcknowledgements, certify: Any
) -> None:
    acknowledgements.failure = Unreachable("down")
    expired(announcements)
    assert certify(LATER, version=1)["closed"] == 1
    acknowledgements.failure = None
    assert acknowledgements.opened == []

    assert certify(A_MOMENT, version=2)["reopened"] == 1

    assert len(acknowledgements.opened) == 1


@pytest.mark.usefixtures("people")
def test_a_certificate_that_ends_on_that_day_withdraws_nothing(
    announcements: Announcements, mailer: FakeMailer, certify: Any
) -> None:
    mailer.failure = Unreachable("down")
    expired(announcements)
    mailer.failure = None

    assert certify(A_MOMENT + timedelta(hours=20)) == NOTHING
    assert len(mailer.taken) == 2


@pytest.mark.usefixtures("people")
def test_a_person_s_data_have_their_certification_and_the_lapses_that_came_to_them(
    database: Database, announcements: Announcements, update: Any, certify: Any, clock: MovableClock
) -> None:
    certify(A_MOMENT)
    expired(announcements)
    update(KARI, a_contact(coordinator_id="coordinator-new", version=5))

    people = PersonData(database=database, clock=clock)
    assert [row["mentor_id"] for row in people.export("mentor-042")["certification"]] == ["mentor-042"]
    assert len(people.export("coordinator-new")["dispatch"]) == 1
