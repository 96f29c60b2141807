"""The operations over HTTP: shapes, access and headers."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from notification_service.domain.model import Channel
from notification_service.usecases.person_data import Contacts
from psycopg.sql import SQL, Identifier
from shared_lib.errors import Unreachable
from shared_lib_testing.postgres import Addresses, read_only_database

from ..builders import a_contact
from ..fakes import FakeMailer
from .announcing import BODIES

pytestmark = pytest.mark.usefixtures("people")


BASE = "/api/v1/pause-notifications"
Headers = dict[str, str]


def dump(everything_url: str) -> str:
    """All rows of all tables."""
    with psycopg.connect(everything_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return repr(
            [connection.execute(SQL("SELECT * FROM {}").format(Identifier(*table))).fetchall() for table in tables]
        )


@pytest.mark.parametrize("base", [BASE, BASE + BASE], ids=["once", "doubled"])
@pytest.mark.parametrize("notice", BODIES)
def test_every_operation_answers_in_the_contracts_shape(client: FlaskClient, base: str, notice: str) -> None:
    answer = client.post(f"{base}/{notice}", json=BODIES[notice])

    assert answer.status_code == 201
    body = json.loads(answer.data)
    reminder = ["days_remaining"] if notice == "cert-expiry-reminder" else []
    assert list(body) == ["mentor_id", *reminder, "notifications_dispatched", "dispatched_at"]
    assert list(body["notifications_dispatched"][0]) == ["recipient", "channel", "status", "message_id"]
    assert len(body["dispatched_at"]) == len("2026-03-26T08:30:00Z")


def test_the_same_notice_again_answers_the_first(client: FlaskClient) -> None:
    first = client.post(f"{BASE}/cert-expiry", json=BODIES["cert-expiry"])
    again = client.post(
        f"{BASE}/cert-expiry", json={"mentor_id": "mentor-042", "expiry_date": "2026-03-31T02:00:00+02:00"}
    )

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json


def test_a_replayed_key_answers_as_the_first_time(client: FlaskClient) -> None:
    key = {"Idempotency-Key": "order-1"}
    first = client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"], headers=key)
    again = client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"], headers=key)
    other = client.post(f"{BASE}/pause-lifted", json={"mentor_id": "mentor-043"}, headers=key)

    assert [answer.status_code for answer in (first, again, other)] == [201, 201, 422]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers


def test_a_response_never_says_sent_of_what_was_not(client: FlaskClient, mailer: FakeMailer) -> None:
    mailer.failure = Unreachable("connect_refused")

    answer = client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"], headers={"Prefer": "wait=1"})

    assert answer.status_code == 201
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert {row["status"] for row in answer.json["notifications_dispatched"]} == {"queued"}


def test_the_reason_of_a_pause_is_never_stored_sent_or_logged(
    client: FlaskClient, mailer: FakeMailer, everything_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = "canary-reason-7431"
    body = {**BODIES["pause-activated"], "pause_reason": canary}

    answer = client.post(f"{BASE}/pause-activated", json=body, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 201
    assert canary not in answer.text
    assert canary not in repr(mailer.taken)
    assert canary not in "".join(capsys.readouterr())
    everything = dump(everything_url)
    assert "mentor-042" in everything
    assert canary not in everything


@pytest.mark.parametrize(
    ("notice", "change"),
    [
        ("pause-lifted", {"mentor_id": None}),
        ("pause-lifted", {"mentor_id": ""}),
        ("pause-lifted", {"mentor_id": "x" * 65}),
        ("pause-lifted", {"mentor_id": 42}),
        ("pause-lifted", {"notice": "cert_expiry"}),
        ("pause-lifted", {"status": "sent"}),
        ("pause-lifted", {"context": {"organisation_id": "lhl", "coordinator_id": "x"}}),
        ("pause-activated", {"expected_return_date": "2026-05-01"}),
        ("pause-activated", {"expected_return_date": "2026-05-01T00:00:00"}),
        ("pause-activated", {"expected_return_date": "9999-12-31T23:59:59-12:00"}),
        ("pause-activated", {"pause_reason": "x" * 201}),
        ("pause-activated", {"pause_reason": {}}),
        *(("pause-activated", {"pause_reason": f"a{sign}b"}) for sign in "\x07\x1b\x7f\x85\r\n\t"),
        ("cert-expiry", {"expiry_date": None}),
        ("cert-expiry-reminder", {"days_remaining": -1}),
        ("cert-expiry-reminder", {"days_remaining": 3651}),
        ("cert-expiry-reminder", {"days_remaining": "14"}),
        ("cert-expiry-reminder", {"days_remaining": 14.5}),
        ("cert-expiry-reminder", {"days_remaining": True}),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(client: FlaskClient, notice: str, change: dict[str, Any]) -> None:
    answer = client.post(f"{BASE}/{notice}", json={**BODIES[notice], **change})

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert list(answer.json["errors"]) == list(change)


@pytest.mark.parametrize("days", [0, 1, 14.0, 3650])
def test_any_number_of_days_from_0_to_3650_will_do(client: FlaskClient, days: int) -> None:
    body = {"mentor_id": "mentor-042", "days_remaining": days}

    assert client.post(f"{BASE}/cert-expiry-reminder", json=body).status_code == 201


def test_an_unknown_mentor_is_not_found(client: FlaskClient) -> None:
    assert client.post(f"{BASE}/pause-lifted", json={"mentor_id": "unknown"}).status_code == 404


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (("coordinator-007", "coordinator", "lhl"), 201),
        (("coordinator-008", "coordinator", "lhl"), 404),
        (("coordinator-007", "coordinator", "nhf"), 404),
        (("coordinator-007", "coordinator", None), 403),
        (("admin", "org_admin", "lhl"), 201),
        (("admin", "org_admin", "nhf"), 404),
        (("admin", "org_admin", None), 403),
        (("root", "global_admin", None), 201),
        (("mentor-042", "peer_mentor", "lhl"), 403),
    ],
)
def test_a_token_limits_the_mentors_of_an_announcement(
    client: FlaskClient, as_person: Callable[..., Headers], who: tuple[str, str, str | None], status: int
) -> None:
    answer = client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"], headers=as_person(*who))

    assert answer.status_code == status


def test_a_coordinator_who_acts_is_named_to_the_mentor(
    client: FlaskClient, as_person: Callable[..., Headers], mailer: FakeMailer
) -> None:
    client.post(
        f"{BASE}/pause-activated",
        json=BODIES["pause-activated"],
        headers=as_person("coordinator-007", "coordinator"),
    )

    mentors = next(mail for mail in mailer.taken if mail.to.startswith("kari"))
    assert mentors.text.paragraphs[0].startswith("Ola Hansen har registrert en pause for deg")


def test_a_bad_token_is_refused_even_where_none_is_needed(client: FlaskClient) -> None:
    headers = {"Authorization": "Bearer nonsense"}

    assert client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"], headers=headers).status_code == 401


def test_the_orchestrators_context_decides_who_is_notified(
    client: FlaskClient, as_service: Headers, mailer: FakeMailer
) -> None:
    context = {
        "organisation_id": "lhl",
        "coordinator_id": None,
        "admin_ids": ["coordinator-007"],
        "acted_by": {"id": "admin-1", "name": "Anne Admin"},
        "also": [],
    }

    answer = client.post(
        f"{BASE}/pause-activated", json={**BODIES["pause-activated"], "context": context}, headers=as_service
    )

    assert answer.status_code == 201
    assert [row["recipient"] for row in answer.json["notifications_dispatched"]] == ["mentor-042", "coordinator-007"]
    assert [mail.to for mail in mailer.taken if mail.text.paragraphs[0].startswith("Anne Admin")] == [
        "kari.nordmann@lhl.example"
    ]


@pytest.mark.parametrize(
    "context", [None, {}, {"organisation_id": "lhl"}, {"organisation_id": "", "coordinator_id": 1}, 5]
)
def test_a_context_that_makes_no_sense_is_refused(client: FlaskClient, as_service: Headers, context: Any) -> None:
    body = {**BODIES["pause-lifted"], "context": context}

    answer = client.post(f"{BASE}/pause-lifted", json=body, headers=as_service)

    assert answer.status_code == 422
    assert list(answer.json["errors"]) == ["context"]


READY = {"status": "ready", "checks": {"database": "ok", "schema": "ok", "keys": "ok"}}


def test_it_is_ready_without_relays_and_not_while_the_database_is_read_only(
    client: FlaskClient, addresses: Addresses
) -> None:
    """Reads go on; what writes is told to come back, and nothing is recorded."""
    with read_only_database(addresses.owner):
        standing = client.get("/readyz")
        written = client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"])
        read = client.get("/openapi.json")
    again = client.get("/readyz")

    assert (standing.status_code, standing.json["checks"]["database"]) == (503, "failing")
    assert (written.status_code, written.headers["Retry-After"]) == (503, "2")
    assert read.status_code == 200
    assert (again.status_code, again.json) == (200, READY)
    assert client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"]).status_code == 201


def test_what_waits_is_counted(client: FlaskClient, mailer: FakeMailer) -> None:
    mailer.failure = Unreachable("down")
    client.post(f"{BASE}/pause-lifted", json=BODIES["pause-lifted"])

    assert 'outbox_messages{kind="mail",state="waiting"} 2.0' in client.get("/metrics").text


def test_messages_are_counted_by_channel_and_first_status(client: FlaskClient, contacts: Contacts) -> None:
    def counted(status: str) -> float:
        line = f'notice_messages_total{{channel="in_app",status="{status}"}} '
        found = [text.removeprefix(line) for text in client.get("/metrics").text.splitlines() if text.startswith(line)]
        return float(found[0]) if found else 0.0

    contacts.put(people=[a_contact(channels=(Channel.IN_APP,), version=2)])
    before = counted("delivered")

    for _ in range(2):  # the second is the same notice again
        client.post(f"{BASE}/pause-activated", json={"mentor_id": "mentor-042"})

    assert counted("delivered") == before + 1
