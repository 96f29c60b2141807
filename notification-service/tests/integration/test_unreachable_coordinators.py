"""A coordinator whom no message can reach is not skipped in silence: the organisation's admins get the notice."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from notification_service.domain.access import ANONYMOUS
from notification_service.domain.model import Channel
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.person_data import Contacts, PersonData
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from ..builders import a_contact, a_coordinator, an_announcement
from ..fakes import FakeMailer
from .announcing import BODIES

pytestmark = pytest.mark.usefixtures("people")
BASE_PATH = "/api/v1/pause-notifications"
MENTOR_MAIL, ADMIN_MAIL = "kari.nordmann@lhl.example", "admin@lhl.example"
CONTEXT = {"organisation_id": "lhl", "coordinator_id": "coordinator-007"}


def count() -> float:
    return REGISTRY.get_sample_value("unreachable_coordinators_total") or 0.0


@pytest.mark.parametrize("by_orchestrator", [True, False])
@pytest.mark.parametrize("path", ["pause-activated", "pause-lifted", "cert-expiry", "cert-expiry-reminder"])
@pytest.mark.parametrize(
    "change",
    [
        {"email": None},
        {"email": "no address"},
        {"email": "øla@lhl.example"},
        {"email": None, "channels": (Channel.PUSH,), "push_token": None},
        {"email": None, "channels": (Channel.EMAIL, Channel.PUSH)},
    ],
    ids=["no address", "invalid address", "needs SMTPUTF8", "push without a device", "neither"],
)
def test_the_admins_get_the_notice_and_log_and_metric_say_so(
    *,
    client: FlaskClient,
    contacts: Contacts,
    mailer: FakeMailer,
    as_service: dict[str, str],
    change: dict[str, Any],
    path: str,
    by_orchestrator: bool,
) -> None:
    contacts.put(people=[a_coordinator(version=2, **change)])
    body = {**BODIES[path], "mentor_id": "mentor-042", **({"days_remaining": 3} if "reminder" in path else {})}
    asked = {"json": {**body, "context": CONTEXT}, "headers": as_service} if by_orchestrator else {"json": body}
    before = count()

    with capture_logs() as logs:
        answer = client.post(f"{BASE_PATH}/{path}", **asked)

    outcomes = {row["recipient"]: row["status"] for row in answer.json["notifications_dispatched"]}
    assert outcomes == {"mentor-042": "sent", "coordinator-007": "skipped", "admin-lhl": "sent"}
    assert count() == before + 1
    [logged] = [entry for entry in logs if entry["event"] == "dispatch.coordinator_unreachable"]
    assert (logged["coordinator_id"], logged["mentor_id"]) == ("coordinator-007", "mentor-042")
    texts = {mail.to: " ".join(mail.text.paragraphs) for mail in mailer.taken}
    assert "har en koordinator som vi ikke kan nå" in texts[ADMIN_MAIL]
    assert "Ola Hansen" not in texts[MENTOR_MAIL]
    assert "fått beskjed" not in texts[MENTOR_MAIL]


def test_one_who_left_or_was_erased_meanwhile_is_unreachable(
    client: FlaskClient, contacts: Contacts, mailer: FakeMailer, as_service: dict[str, str], person_data: PersonData
) -> None:
    asked = {"json": {"mentor_id": "mentor-042", "context": CONTEXT}, "headers": as_service}
    contacts.put(people=[a_coordinator(version=2, active=False)])
    client.post(f"{BASE_PATH}/pause-activated", **asked)
    person_data.erase("coordinator-007")
    client.post(f"{BASE_PATH}/pause-lifted", **asked)

    assert mailer.addresses == [ADMIN_MAIL, ADMIN_MAIL, MENTOR_MAIL, MENTOR_MAIL]


@pytest.mark.parametrize(
    "change",
    [
        {"channels": ()},
        {"channels": (Channel.IN_APP,), "email": None},
        {"channels": (Channel.EMAIL, Channel.PUSH), "email": None, "push_token": "t"},
    ],
    ids=["wants none", "inbox", "one of two"],
)
def test_one_whom_something_reaches_or_who_wants_nothing_is_not_passed_over(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, change: dict[str, Any]
) -> None:
    contacts.put(people=[a_coordinator(version=2, **change)])

    announcements.announce(an_announcement(), ANONYMOUS)

    assert mailer.addresses == [MENTOR_MAIL]


def test_an_early_reminder_stays_with_the_mentor(client: FlaskClient, contacts: Contacts, mailer: FakeMailer) -> None:
    contacts.put(people=[a_coordinator(version=2, email=None)])

    client.post(f"{BASE_PATH}/cert-expiry-reminder", json={"mentor_id": "mentor-042", "days_remaining": 14})

    assert mailer.addresses == [MENTOR_MAIL]


def test_a_mail_to_the_mentor_names_the_coordinator_and_no_other_text_does(
    announcements: Announcements, contacts: Contacts, mailer: FakeMailer, person_data: PersonData
) -> None:
    """A text in the inbox stays when the coordinator's data are erased."""
    contacts.put(people=[a_contact(version=2, channels=(Channel.EMAIL, Channel.IN_APP))])

    announcements.announce(an_announcement(), ANONYMOUS)

    [text] = [mail.text for mail in mailer.taken if mail.to == MENTOR_MAIL]
    assert text.paragraphs[-1].endswith("Si fra til din koordinator Ola Hansen.")
    assert [row["body"].count("Ola Hansen") for row in person_data.export("mentor-042")["inbox"]] == [0]
