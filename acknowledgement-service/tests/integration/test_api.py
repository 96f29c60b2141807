"""The five operations over HTTP."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from acknowledgement_service.usecases.lapses import Lapses
from flask import Flask
from flask.testing import FlaskClient

from ..builders import an_opening

BASE = "/api/v1/lapse-acknowledgements"
MEMBERS = [
    "acknowledgement_id",
    "notification_id",
    "mentor_id",
    "coordinator_id",
    "expiry_date",
    "is_acknowledged",
    "acknowledged_at",
    "created_at",
]
Headers = dict[str, str]
AsPerson = Callable[..., Headers]


@pytest.fixture
def lapses(app: Flask) -> Lapses:
    found: Lapses = app.extensions["lapses"]
    return found


def opened(lapses: Lapses, **difference: object) -> dict[str, str]:
    lapse = lapses.open(an_opening(**difference), by="notification-service").lapse
    return {"id": str(lapse.id), "notification_id": str(lapse.notification_id), "coordinator_id": lapse.coordinator_id}


def acknowledgement_of(lapse: dict[str, str]) -> dict[str, str]:
    return {"notification_id": lapse["notification_id"], "coordinator_id": lapse["coordinator_id"]}


@pytest.mark.parametrize("base", [BASE, BASE + BASE])
def test_the_first_acknowledgement_answers_201_and_the_next_200_unchanged(
    client: FlaskClient, lapses: Lapses, base: str
) -> None:
    body = acknowledgement_of(opened(lapses))
    first, second = client.post(base, json=body), client.post(base, json=body)

    assert (first.status_code, second.status_code) == (201, 200)
    assert list(first.json) == MEMBERS
    assert first.json == second.json
    assert first.json["is_acknowledged"] is True


def test_an_unknown_notification_is_404_and_another_coordinator_s_lapse_is_403(
    client: FlaskClient, lapses: Lapses
) -> None:
    lapse = opened(lapses)

    unknown = client.post(BASE, json={"notification_id": str(uuid4()), "coordinator_id": lapse["coordinator_id"]})
    foreign = client.post(BASE, json={**acknowledgement_of(lapse), "coordinator_id": "coordinator-007"})

    assert (unknown.status_code, foreign.status_code) == (404, 403)
    assert unknown.content_type == foreign.content_type == "application/problem+json"
    assert client.get(f"{BASE}/{lapse['id']}").json["is_acknowledged"] is False


def test_the_list_is_filtered_and_has_an_exact_total(client: FlaskClient, lapses: Lapses) -> None:
    mine = [opened(lapses)["id"] for _ in range(3)]
    other = opened(lapses, coordinator_id="coordinator-007")
    client.post(BASE, json=acknowledgement_of(other))

    answer = client.get(BASE, query_string={"coordinator_id": "coord_maya_patel", "limit": 2})
    done = client.get(BASE, query_string={"is_acknowledged": "true"})

    assert answer.json["pagination"] == {"page": 1, "limit": 2, "total": 3}
    assert len(answer.json["data"]) == 2
    assert {row["acknowledgement_id"] for row in answer.json["data"]} <= set(mine)
    assert 'rel="next"' in answer.headers["Link"]
    assert [row["acknowledgement_id"] for row in done.json["data"]] == [other["id"]]


def test_a_note_is_in_the_response_and_changes_the_etag(client: FlaskClient, lapses: Lapses) -> None:
    address = f"{BASE}/{opened(lapses)['id']}"
    tag = client.get(address).headers["ETag"]

    changed = client.put(address, json={"coordinator_notes": "Kurs 5. april"}, headers={"If-Match": tag})
    stale = client.put(address, json={"coordinator_notes": "nei"}, headers={"If-Match": tag})

    assert list(changed.json) == [*MEMBERS[:-1], "coordinator_notes", "created_at"]
    assert changed.json["coordinator_notes"] == "Kurs 5. april"
    assert changed.headers["ETag"] != tag
    assert stale.status_code == 412


def test_undoing_an_acknowledgement_is_409(client: FlaskClient, lapses: Lapses) -> None:
    lapse = opened(lapses)
    client.post(BASE, json=acknowledgement_of(lapse))

    assert client.put(f"{BASE}/{lapse['id']}", json={"is_acknowledged": False}).status_code == 409


def test_a_deleted_lapse_is_404(client: FlaskClient, lapses: Lapses) -> None:
    address = f"{BASE}/{opened(lapses)['id']}"

    assert client.delete(address).json == {"deleted": True, "acknowledgement_id": address.rpartition("/")[2]}
    assert client.delete(address).status_code == client.get(address).status_code == 404


def test_a_repeated_idempotency_key_answers_the_same_and_with_another_body_422(
    client: FlaskClient, lapses: Lapses
) -> None:
    body, headers = acknowledgement_of(opened(lapses)), {"Idempotency-Key": '"k-1"'}
    first, second = client.post(BASE, json=body, headers=headers), client.post(BASE, json=body, headers=headers)
    other = client.post(BASE, json=acknowledgement_of(opened(lapses)), headers=headers)

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 422)
    assert first.json == second.json
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_token_limits_access(client: FlaskClient, lapses: Lapses, as_person: AsPerson) -> None:
    lapse = opened(lapses)
    opened(lapses, coordinator_id="other", organisation_id="nhf")
    address = f"{BASE}/{lapse['id']}"
    own = as_person("coord_maya_patel", "coordinator")
    colleague = as_person("coordinator-007", "coordinator")
    admin, stranger = as_person("admin", "org_admin"), as_person("admin", "org_admin", "nhf")

    seen = {
        name: client.get(BASE, headers=who).json["pagination"]["total"]
        for name, who in {
            "own": own,
            "colleague": colleague,
            "admin": admin,
            "all": as_person("ga", "global_admin", None),
        }.items()
    }

    assert seen == {"own": 1, "colleague": 0, "admin": 1, "all": 2}
    assert [client.get(address, headers=who).status_code for who in (own, colleague, admin, stranger)] == [
        200,
        404,
        200,
        404,
    ]
    assert client.post(BASE, json=acknowledgement_of(lapse), headers=admin).status_code == 403
    assert client.post(BASE, json=acknowledgement_of(lapse), headers=stranger).status_code == 404
    assert client.delete(address, headers=own).status_code == 403
    assert client.post(BASE, json=acknowledgement_of(lapse), headers=own).status_code == 201


def test_a_bad_token_is_401_even_where_none_is_needed(client: FlaskClient, as_person: AsPerson) -> None:
    answers = [
        client.get(BASE, headers={"Authorization": "Bearer nonsense"}),
        client.get(BASE, headers=as_person("x", "coordinator", aud="orchestrator-service")),
        client.get(BASE, headers=as_person("x", "coordinator", exp=1)),
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert len({answer.get_data(as_text=True).split('"request_id"')[0] for answer in answers}) == 1


def test_opening_a_lapse_needs_a_service_token(client: FlaskClient, as_person: AsPerson, as_service: Headers) -> None:
    address = f"/internal/v1/lapses/{uuid4()}/coord_maya_patel"
    body = {"mentor_id": "mentor_james_okafor", "organisation_id": "lhl", "expiry_date": "2026-04-01T00:00:00Z"}

    refused = [client.put(address, json=body, headers=who) for who in ({}, as_person("ga", "global_admin"))]
    first, second = (client.put(address, json=body, headers=as_service) for _ in range(2))

    assert [answer.status_code for answer in refused] == [401, 401]
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"a": "\\ud800"}', 400),
        (b'{"a": "\\u0000"}', 400),
        (b'{"notification_id": 1, "notification_id": 2}', 400),
        (b'{"a": NaN}', 400),
        (b"[" * 60_000, 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400),
        (b'{"a": ' + b"9" * 5000 + b"}", 400),
        (b"\xff", 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"notification_id": "x", "coordinator_id": "y", "organisation_id": "z"}', 422),
        (b'{"a": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_a_bad_body_gets_the_status_of_its_fault(client: FlaskClient, body: bytes, status: int) -> None:
    answer = client.post(BASE, data=body, content_type="application/json")

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", ""]
)
def test_a_body_that_is_not_json_is_415(client: FlaskClient, content_type: str) -> None:
    assert client.post(BASE, data=b"{}", content_type=content_type).status_code == 415


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "limit=1000000000", "limit=101", "page=10001", "other=1", "sort=id", "coordinator_id=%00"],
)
def test_a_bad_query_is_422(client: FlaskClient, query: str) -> None:
    assert client.get(f"{BASE}?{query}").status_code == 422


@pytest.mark.parametrize(
    "moment",
    [
        "9999-12-31T23:59:59-12:00",
        "1999-12-31T23:59:59Z",
        "2026-03-26",
        "2026-03-26T15:30:00",
        "2026-02-30T00:00:00Z",
        "x",
    ],
)
def test_an_impossible_time_is_422(client: FlaskClient, lapses: Lapses, moment: str) -> None:
    address = f"{BASE}/{opened(lapses)['id']}"
    answer = client.put(address, json={"is_acknowledged": True, "acknowledged_at": moment})

    assert answer.status_code == 422
    assert "acknowledged_at" in answer.json["errors"]


def test_the_documentation_loads_nothing_from_other_hosts(client: FlaskClient) -> None:
    page = client.get("/docs/")

    assert page.status_code == 200
    assert "http://" not in page.get_data(as_text=True).replace("http://localhost", "")
    assert "https://" not in page.get_data(as_text=True)
    assert client.get("/docs/swagger-ui-bundle.js").status_code == 200
    assert client.get("/openapi.json").json["openapi"].startswith("3.1")


def test_every_error_is_a_problem_document(client: FlaskClient) -> None:
    for answer in (client.get("/nowhere"), client.patch(BASE), client.get(f"{BASE}/not-a-uuid")):
        assert answer.content_type == "application/problem+json"
        assert set(answer.json) == {"type", "title", "status", "detail", "instance", "request_id"}
