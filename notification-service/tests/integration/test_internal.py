"""What only the orchestrator may ask."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher

from ..fakes import FakeMailer, MovableClock

pytestmark = pytest.mark.usefixtures("people")

CERT_EXPIRY = "/api/v1/pause-notifications/cert-expiry"
PAUSE_LIFTED = "/api/v1/pause-notifications/pause-lifted"
NOTICES = "/internal/v1/notices"
Headers = dict[str, str]
CONTEXT = {"organisation_id": "lhl", "coordinator_id": "coordinator-007"}
OVERDUE = {
    "notice": "return_overdue",
    "mentor_id": "mentor-042",
    "dates": {"expected_return_date": "2026-03-20T00:00:00Z"},
    "context": CONTEXT,
}


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

    assert (answer.status_code, answer.json) == (200, {"organisations": 0, "contacts": 500, "older": 0})


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


def test_a_notice_is_sent_once_for_each_key_and_withdrawn_by_it(
    client: FlaskClient, as_service: Headers, mailer: FakeMailer
) -> None:
    """Another pause may have the same return date, so only the key says that it is the same notice."""
    mailer.failure = Unreachable("down")
    answers = [
        client.post(NOTICES, json=OVERDUE, headers={**as_service, "Idempotency-Key": key, "Prefer": "wait=0"})
        for key in ("outbox-1", "outbox-1", "outbox-2")
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true", None]
    first, again, other = (answer.json["notifications_dispatched"] for answer in answers)
    assert (first == again, first == other) == (True, False)
    withdrawn = client.delete("/internal/v1/dispatches/outbox-1", headers=as_service).json
    assert [(row["recipient"], row["status"]) for row in withdrawn["notifications_dispatched"]] == [
        ("coordinator-007", "skipped")
    ]


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"notice": "good_morning"}, "notice"),
        ({"notice": "cert_expiry", "dates": {"expiry_date": "2026-05-01T00:00:00Z"}}, "notice"),
        ({"dates": {}}, "dates"),
        ({"dates": {"expiry_date": "2026-05-01T00:00:00Z"}}, "dates"),
        ({"notice": "check_in"}, "dates"),
        ({"context": {**CONTEXT, "flags": ["happy"]}}, "context"),
        ({"context": {**CONTEXT, "flags": ["lapsed"] * 9}}, "context"),
        ({"context": {**CONTEXT, "enrolled_for": "2100-01-01"}}, "context"),
        ({"context": None}, "context"),
    ],
)
def test_a_notice_that_makes_no_sense_is_refused(
    client: FlaskClient, as_service: Headers, mailer: FakeMailer, change: dict[str, Any], member: str
) -> None:
    answer = client.post(NOTICES, json={**OVERDUE, **change}, headers={**as_service, "Idempotency-Key": "outbox-1"})

    assert answer.status_code == 422
    assert [name.split(".")[0] for name in answer.json["errors"]] == [member]
    assert mailer.taken == []


def test_notices_need_a_key_and_are_taken_from_the_orchestrator_only(
    client: FlaskClient, as_service: Headers, as_person: Callable[..., Headers], mailer: FakeMailer
) -> None:
    key = {"Idempotency-Key": "outbox-1"}
    callers = [as_service, key, {**as_person("root", "global_admin"), **key}]

    assert [client.post(NOTICES, json=OVERDUE, headers=caller).status_code for caller in callers] == [400, 401, 401]
    assert mailer.taken == []


def test_a_planned_text_is_written_when_it_is_sent_and_flags_choose_its_lines(
    client: FlaskClient, as_service: Headers, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failure = Unreachable("down")
    headers = {**as_service, "Idempotency-Key": "outbox-1", "Prefer": "wait=0"}
    renewed = {
        "notice": "cert_renewed",
        "mentor_id": "mentor-042",
        "dates": {"expiry_date": (clock.now + timedelta(hours=1)).isoformat()},
        "context": {**CONTEXT, "flags": ["returned"]},
    }
    expired = {"mentor_id": "mentor-042", "expiry_date": "2026-03-26T00:00:00Z"}
    context = {**CONTEXT, "auto_paused": True, "enrolled_for": "2026-04-05"}
    client.post(NOTICES, json=renewed, headers=headers)
    client.post(CERT_EXPIRY, json={**expired, "context": context}, headers={**headers, "Idempotency-Key": "outbox-2"})

    mailer.failure = None
    clock.pass_by(hours=2)
    for _ in range(3):
        dispatcher.run_once()
        clock.pass_by(minutes=1)

    texts = {mail.text.title: " ".join(mail.text.paragraphs) for mail in mailer.taken if "kari" in mail.to}
    assert "kan få oppdrag igjen" not in texts["Sertifiseringen din er fornyet"]
    assert "er du satt på pause til den er fornyet" in texts["Sertifiseringen din har gått ut"]
    assert "påmeldt fornyelse 5. april 2026" in texts["Sertifiseringen din har gått ut"]
