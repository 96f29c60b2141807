"""The six operations over HTTP."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from orchestrator_service.domain.pause_events import EVENT_RULES, EventType
from shared_lib.errors import Unreachable

from ..builders import COORDINATOR, MENTOR
from ..conftest import Headers
from ..fakes import FakeNotifier

pytestmark = pytest.mark.usefixtures("directory")
BASE = "/api/v1/pause-notifications"
AsPerson = Callable[..., Headers]
DRAFT = {
    "peer_mentor_id": MENTOR,
    "event_type": "pause_activated",
    "effective_date": "2026-03-20T00:00:00.000Z",
    "reason": "Personal leave",
}
PROBLEM = ["type", "title", "status", "detail", "instance", "request_id"]
ROLES = ("coordinator", "org_admin", "global_admin")


@pytest.fixture
def ingrid(as_person: AsPerson) -> Headers:
    return as_person(COORDINATOR, "coordinator")


@pytest.fixture
def admin(as_person: AsPerson) -> Headers:
    return as_person("admin_nhf", "org_admin")


@pytest.fixture
def root(as_person: AsPerson) -> Headers:
    return as_person("root", "global_admin", None)


@pytest.fixture
def event_id(client: FlaskClient, ingrid: Headers) -> str:
    found: str = client.post(BASE, json=DRAFT, headers=ingrid).json["id"]
    return found


class Operation(NamedTuple):
    method: str
    path: str
    body: Any
    allowed: set[str]


OPERATIONS = [
    Operation("GET", BASE, None, set(ROLES)),
    Operation("GET", f"{BASE}/EVENT", None, set(ROLES)),
    Operation("GET", f"{BASE}/resolve-coordinator/{MENTOR}", None, set(ROLES)),
    Operation("POST", BASE, DRAFT, {"coordinator", "org_admin"}),
    Operation("PUT", f"{BASE}/EVENT", {"reason": None}, {"org_admin", "global_admin"}),
    Operation("DELETE", f"{BASE}/EVENT", None, {"global_admin"}),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_role_matrix_is_exact(
    client: FlaskClient, as_person: AsPerson, event_id: str, operation: Operation
) -> None:
    """Those who may come last: the event is gone after that."""
    path = operation.path.replace("EVENT", event_id)
    answers = {}
    for role in sorted((*ROLES, "peer_mentor", "admin"), key=lambda role: role in operation.allowed):
        headers = as_person(COORDINATOR, role)
        answers[role] = client.open(path, method=operation.method, json=operation.body, headers=headers).status_code

    assert {role for role, status in answers.items() if status in (200, 201)} == operation.allowed
    assert {status for role, status in answers.items() if role not in operation.allowed} == {403}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_401_and_403_come_before_anything_is_looked_at(
    client: FlaskClient, as_person: AsPerson, operation: Operation
) -> None:
    path = operation.path.replace("EVENT", "pn_unknown")

    def status(headers: Headers) -> int:
        return client.open(
            path, method=operation.method, data="{", content_type="text/plain", headers=headers
        ).status_code

    assert status({}) == status({"Authorization": "Bearer x.y.z"}) == 401
    assert status(as_person(COORDINATOR, "peer_mentor")) == 403
    for role in operation.allowed - {"global_admin"}:
        assert status(as_person(COORDINATOR, role, None)) == 403


def test_what_is_foreign_answers_as_what_does_not_exist(
    client: FlaskClient, as_person: AsPerson, event_id: str
) -> None:
    foreign = as_person("admin_lhl", "org_admin", "lhl")

    def bodies(paths: tuple[str, str], method: str = "GET", body: Any = None) -> list[dict[str, Any]]:
        answers = [client.open(path, method=method, json=body, headers=foreign) for path in paths]
        assert {answer.status_code for answer in answers} == {404}
        return [{**answer.json, "instance": "", "request_id": ""} for answer in answers]

    for first, second in (
        bodies((f"{BASE}/{event_id}", f"{BASE}/pn_000000000000")),
        bodies((f"{BASE}/{event_id}", f"{BASE}/pn_000000000000"), "PUT", {"reason": None}),
        bodies((f"{BASE}/resolve-coordinator/{MENTOR}", f"{BASE}/resolve-coordinator/nobody")),
    ):
        assert first == second
    posted = [
        client.post(BASE, json={**DRAFT, "peer_mentor_id": mentor_id}, headers=foreign).json
        for mentor_id in (MENTOR, "nobody")
    ]
    assert {**posted[0], "request_id": ""} == {**posted[1], "request_id": ""}


@pytest.mark.parametrize("base", [BASE, BASE + BASE])
def test_an_event_from_beginning_to_end(
    client: FlaskClient, ingrid: Headers, admin: Headers, root: Headers, base: str
) -> None:
    created = client.post(base, json=DRAFT, headers=ingrid)
    assert created.status_code == 201
    event_id = created.json["id"]
    assert created.headers["Location"] == f"{BASE}/{event_id}"
    assert "reason" not in created.json

    found = client.get(f"{base}/{event_id}", headers=ingrid)
    assert found.json["reason"] == "Personal leave"
    assert found.json["effective_date"] == "2026-03-20T00:00:00.000Z"
    assert found.json["notifications_sent"] == ["coordinator_email", "peer_mentor_email"]
    assert {result["status"] for result in found.json["dispatch_results"]} == {"sent"}

    changed = client.put(
        f"{base}/{event_id}", json={"reason": "Other"}, headers={**admin, "If-Match": found.headers["ETag"]}
    )
    assert (changed.status_code, changed.json["reason"]) == (200, "Other")
    stale = client.put(
        f"{base}/{event_id}", json={"reason": "Third"}, headers={**admin, "If-Match": found.headers["ETag"]}
    )
    assert stale.status_code == 412

    removed = client.delete(f"{base}/{event_id}", headers=root)
    assert removed.json["message"] == "Pause notification record deleted"
    assert removed.json["deleted_id"] == event_id
    assert client.get(f"{base}/{event_id}", headers=ingrid).status_code == 404


def test_a_repeat_is_200_and_a_replay_201_with_its_header(client: FlaskClient, ingrid: Headers) -> None:
    key = {**ingrid, "Idempotency-Key": "k-1"}
    first, replay = client.post(BASE, json=DRAFT, headers=key), client.post(BASE, json=DRAFT, headers=key)
    repeat = client.post(BASE, json=DRAFT, headers=ingrid)
    other = client.post(BASE, json={**DRAFT, "reason": "Another"}, headers=key)

    assert (first.status_code, replay.status_code, repeat.status_code, other.status_code) == (201, 201, 200, 422)
    assert replay.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert first.json == replay.json == repeat.json


def test_a_notification_service_that_is_down_claims_nothing(
    client: FlaskClient, ingrid: Headers, notifier: FakeNotifier
) -> None:
    notifier.failure = Unreachable("connect_failed")

    created = client.post(BASE, json=DRAFT, headers={**ingrid, "Prefer": "wait=1"})

    assert created.status_code == 201
    assert created.json["notifications_sent"] == []
    assert created.headers["Preference-Applied"] == "wait=1"


def test_members_beyond_the_contract_appear_when_they_are_set(client: FlaskClient, ingrid: Headers) -> None:
    draft = {**DRAFT, "expected_return_date": "2026-05-01T00:00:00Z"}
    event_id = client.post(BASE, json=draft, headers=ingrid).json["id"]

    members = list(client.get(f"{BASE}/{event_id}", headers=ingrid).json)

    assert members[4:7] == ["reason", "expected_return_date", "coordinator_id"]
    assert "expiry_date" not in members


OPTIONAL = {
    "expected_return_date": "2026-05-01T00:00:00.000Z",
    "expiry_date": "2026-05-01T00:00:00.000Z",
    "days_remaining": 14,
}


@pytest.mark.parametrize("event_type", EventType)
def test_every_type_of_event_is_recorded_with_the_members_of_its_rule_and_no_others(
    client: FlaskClient, ingrid: Headers, event_type: EventType
) -> None:
    own = EVENT_RULES[event_type].members
    draft = {**DRAFT, "event_type": event_type}
    members = {name: value for name, value in OPTIONAL.items() if name in own}

    recorded = client.post(BASE, json={**draft, **members}, headers=ingrid)
    refused = [client.post(BASE, json={**draft, name: OPTIONAL[name]}, headers=ingrid) for name in {*OPTIONAL} - own]

    assert recorded.status_code == 201
    stored = client.get(f"{BASE}/{recorded.json['id']}", headers=ingrid).json
    assert (stored["event_type"], stored["reason"]) == (event_type, DRAFT["reason"] if "reason" in own else None)
    assert {name: stored[name] for name in OPTIONAL if name in stored} == members
    assert {answer.status_code for answer in refused} <= {422}


@pytest.mark.parametrize("members", [{}, {"days_remaining": 20}])
def test_a_certification_that_ends_in_more_than_ten_years_is_refused_at_once(
    client: FlaskClient, ingrid: Headers, members: dict[str, int]
) -> None:
    far = {"event_type": "certification_expiring", "expiry_date": "2060-01-01T00:00:00Z"}

    answer = client.post(BASE, json={**DRAFT, **far, **members}, headers=ingrid)

    assert (answer.status_code, answer.json["detail"]) == (
        422,
        "The certification must end within 3,650 days from today.",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"peer_mentor_id": None}, "peer_mentor_id"),
        ({"peer_mentor_id": "x" * 65}, "peer_mentor_id"),
        ({"peer_mentor_id": 7}, "peer_mentor_id"),
        ({"event_type": "paused"}, "event_type"),
        ({"effective_date": "2026-03-20"}, "effective_date"),
        ({"effective_date": "2026-03-20T00:00:00"}, "effective_date"),
        ({"effective_date": "9999-12-31T23:59:59-12:00"}, "effective_date"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "a\u0007b"}, "reason"),
        ({"reason": 7}, "reason"),
        ({"days_remaining": 3}, "days_remaining"),
        ({"expiry_date": "2026-05-01T00:00:00Z"}, "expiry_date"),
        ({"event_type": "certification_expiring", "days_remaining": 3651}, "days_remaining"),
        ({"event_type": "certification_expiring", "days_remaining": True}, "days_remaining"),
        (
            {"event_type": "certification_expired", "expected_return_date": "2026-05-01T00:00:00Z"},
            "expected_return_date",
        ),
        ({"id": "pn_000000000000"}, "id"),
        ({"organisation_id": "lhl"}, "organisation_id"),
        ({"coordinator_id": "me"}, "coordinator_id"),
        ({"created_at": "2026-03-20T00:00:00Z"}, "created_at"),
        ({"notifications_sent": []}, "notifications_sent"),
    ],
)
def test_what_is_not_as_documented_is_refused_by_field(
    client: FlaskClient, ingrid: Headers, change: dict[str, Any], field: str
) -> None:
    answer = client.post(BASE, json={**DRAFT, **change}, headers=ingrid)

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert list(answer.json) == [*PROBLEM, "errors"]
    assert list(answer.json["errors"]) == [field]
    assert client.get(BASE, headers=ingrid).json["pagination"]["total"] == 0


@pytest.mark.parametrize("body", [{}, {"effective_date": None}, {"reason": "x", "event_type": "pause_deactivated"}, []])
def test_a_correction_names_what_it_corrects_and_nothing_else(
    client: FlaskClient, admin: Headers, event_id: str, body: Any
) -> None:
    assert client.put(f"{BASE}/{event_id}", json=body, headers=admin).status_code == 422


def test_no_error_repeats_the_reason(client: FlaskClient, ingrid: Headers) -> None:
    answer = client.post(BASE, json={**DRAFT, "reason": "Sykdom\u0007", "x": 1}, headers=ingrid)

    assert answer.status_code == 422
    assert "Sykdom" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=10001", "limit=0", "limit=101", "limit=1000000000", "page=x", "event_type=x", "colour=red"],
)
def test_queries_out_of_range_are_refused(client: FlaskClient, ingrid: Headers, query: str) -> None:
    assert client.get(f"{BASE}?{query}", headers=ingrid).status_code == 422


def test_a_list_links_to_the_pages_beside_it(client: FlaskClient, admin: Headers, event_id: str) -> None:
    for day in (21, 22):
        draft = {**DRAFT, "effective_date": f"2026-03-{day}T00:00:00Z"}
        client.post(BASE, json=draft, headers=admin)

    answer = client.get(f"{BASE}?limit=1&page=2&event_type=pause_activated", headers=admin)

    assert answer.json["pagination"] == {"page": 2, "limit": 1, "total": 3}
    assert 'rel="prev"' in answer.headers["Link"]
    assert 'rel="next"' in answer.headers["Link"]


def test_the_resolved_coordinator_comes_with_rule_and_source(
    client: FlaskClient, ingrid: Headers, admin: Headers
) -> None:
    answer = client.get(f"{BASE}/resolve-coordinator/{MENTOR}", headers=ingrid)
    nobody = client.get(f"{BASE}/resolve-coordinator/pm_alone", headers=admin)

    assert (answer.headers["Resolution-Rule"], answer.headers["Resolution-Source"]) == (
        "only_coordinator",
        "chapter:oslo",
    )
    assert nobody.status_code == 404
    assert "no active coordinator" in nobody.json["detail"]


def test_a_mentor_without_coordinator_is_answered_with_null(client: FlaskClient, admin: Headers) -> None:
    answer = client.post(BASE, json={**DRAFT, "peer_mentor_id": "pm_alone"}, headers=admin)

    assert (answer.status_code, answer.json["coordinator_id"]) == (201, None)
    assert client.get(BASE, headers=admin).json["data"][0]["coordinator_id"] is None
