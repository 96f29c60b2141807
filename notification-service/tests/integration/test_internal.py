"""What only the orchestrator may ask."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from shared_lib.errors import Unreachable

from ..fakes import FakeMailer

pytestmark = pytest.mark.usefixtures("people")

PAUSE_LIFTED = "/api/v1/pause-notifications/pause-lifted"
Headers = dict[str, str]


def test_contacts_are_taken_from_the_orchestrator_only(
    client: FlaskClient, as_service: Headers, as_person: Callable[..., Headers]
) -> None:
    update = {"organisations": [], "contacts": []}

    assert client.put("/internal/v1/contacts", json=update).status_code == 401
    assert (
        client.put("/internal/v1/contacts", json=update, headers=as_person("root", "global_admin")).status_code == 401
    )
    assert client.put("/internal/v1/contacts", json=update, headers=as_service).status_code == 200


def test_a_batch_may_be_larger_than_other_bodies(client: FlaskClient, as_service: Headers) -> None:
    people = [
        {"id": f"m-{number}", "organisation_id": "lhl", "name": "N" * 200, "push_token": "t" * 200, "version": 1}
        for number in range(500)
    ]

    answer = client.put("/internal/v1/contacts", json={"contacts": people}, headers=as_service)

    assert (answer.status_code, answer.json) == (200, {"organisations": 0, "contacts": 500})


def test_but_not_endless(client: FlaskClient, as_service: Headers) -> None:
    update = {"contacts": [{"name": "N" * 2_000_000}]}

    assert client.put("/internal/v1/contacts", json=update, headers=as_service).status_code == 413


@pytest.mark.parametrize(
    "change", [{"time_zone": "../../etc/passwd"}, {"time_zone": "Mars/Olympus"}, {"admin_ids": ["a b"]}, {"x": 1}]
)
def test_an_organisation_that_would_break_something_later_is_refused(
    client: FlaskClient, as_service: Headers, change: dict[str, Any]
) -> None:
    organisation = {"id": "lhl", "name": "LHL", "version": 9, **change}

    answer = client.put("/internal/v1/contacts", json={"organisations": [organisation]}, headers=as_service)

    assert answer.status_code == 422


def test_addresses_are_stored_with_an_ascii_domain_and_a_bad_one_stops_nobody(
    client: FlaskClient, as_service: Headers, mailer: FakeMailer
) -> None:
    organisation = {"id": "lhl", "name": "LHL", "version": 9, "reply_to": "svar@blåkors.no"}
    mentor = {"id": "mentor-042", "organisation_id": "lhl", "name": "Kari", "is_mentor": True, "version": 9}
    update = {
        "organisations": [organisation],
        "contacts": [
            {**mentor, "email": "kari@blåkors.no", "coordinator_id": "coordinator-007"},
            {"id": "coordinator-007", "organisation_id": "lhl", "name": "Ola", "version": 9, "email": "øla@blåkors.no"},
        ],
    }

    assert client.put("/internal/v1/contacts", json=update, headers=as_service).status_code == 200
    rows = client.post(PAUSE_LIFTED, json={"mentor_id": "mentor-042"}).json["notifications_dispatched"]

    assert [(row["recipient"], row["status"]) for row in rows[:2]] == [
        ("mentor-042", "sent"),
        ("coordinator-007", "skipped"),
    ]
    [mail] = [mail for mail in mailer.taken if mail.to == "kari@xn--blkors-jua.no"]
    assert mail.reply_to == "svar@xn--blkors-jua.no"


def test_one_person_at_a_time(client: FlaskClient, as_service: Headers) -> None:
    body = {
        "organisation_id": "lhl",
        "name": "Kari",
        "channels": ["in_app", "in_app"],
        "is_mentor": True,
        "version": 7,
        "coordinator_id": "mentor-042",
    }

    assert client.put("/internal/v1/contacts/mentor-042", json=body, headers=as_service).status_code == 200
    rows = client.post(PAUSE_LIFTED, json={"mentor_id": "mentor-042"}).json["notifications_dispatched"]
    assert [(row["channel"], row["status"]) for row in rows] == [("in_app", "delivered")]


def test_a_dispatch_is_withdrawn_by_its_key(client: FlaskClient, as_service: Headers, mailer: FakeMailer) -> None:
    mailer.failure = Unreachable("down")
    client.post(PAUSE_LIFTED, json={"mentor_id": "mentor-042"}, headers={**as_service, "Idempotency-Key": "outbox-1"})

    answer = client.delete("/internal/v1/dispatches/outbox-1", headers=as_service)

    assert {row["status"] for row in answer.json["notifications_dispatched"]} == {"skipped"}
    assert client.delete("/internal/v1/dispatches/outbox-2", headers=as_service).status_code == 404
    assert client.delete("/internal/v1/dispatches/outbox-1").status_code == 401
