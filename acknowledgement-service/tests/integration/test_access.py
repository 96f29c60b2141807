"""The status of every operation for every caller: own, a colleague's, foreign, unknown and deleted lapses."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from acknowledgement_service.app import create_app
from acknowledgement_service.config import Config
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import Lapse
from acknowledgement_service.usecases.lapses import Lapses
from flask import Flask
from flask.testing import FlaskClient
from shared_lib.database.engine import Database
from shared_lib.web.app import close_app
from shared_lib_testing.issuer import Issuer, bearer

from ..builders import an_opening
from ..conftest import AUDIENCE

BASE = "/api/v1/lapse-acknowledgements"
VERBS = ("get", "put", "post", "patch", "delete")
DOCUMENT = json.loads((Path(__file__).parents[2] / "contract" / "openapi.json").read_text())
INTERNAL = [
    (verb, path) for path, item in DOCUMENT["paths"].items() if "/internal/" in path for verb in item if verb in VERBS
]
OBJECTS = ("own", "colleague's", "foreign", "unknown", "deleted")
OWNERS = {"own": ("maya", "lhl"), "colleague's": ("kim", "lhl"), "foreign": ("nils", "nhf"), "deleted": ("maya", "lhl")}

# Who calls: subject, role, organisation.
CALLERS: dict[str, tuple[str, Any, str | None]] = {
    "no token": ("", None, None),
    "a bad token": ("", None, None),
    "a service": ("notification-service", None, None),
    "a mentor": ("mentor_own", "peer_mentor", "lhl"),
    "the coordinator": ("maya", "coordinator", "lhl"),
    "a colleague": ("kim", "coordinator", "lhl"),
    "another organisation's coordinator": ("nils", "coordinator", "nhf"),
    "the coordinator, by another organisation": ("maya", "coordinator", "nhf"),
    "a coordinator without organisation": ("maya", "coordinator", None),
    "the organisation's admin": ("anne", "org_admin", "lhl"),
    "another organisation's admin": ("arne", "org_admin", "nhf"),
    "the global admin": ("root", "global_admin", None),
}
ALL, NONE = "200 200 200 404 404", "404 404 404 404 404"
REFUSED = "401 401 401 401 401"

# The status for each object, in the order of OBJECTS. Callers that are not named get NONE.
GET = {
    "a service": ALL,
    "the coordinator": "200 404 404 404 404",
    "a colleague": "404 200 404 404 404",
    "another organisation's coordinator": "404 404 200 404 404",
    "the organisation's admin": "200 200 404 404 404",
    "another organisation's admin": "404 404 200 404 404",
    "the global admin": ALL,
}
# Only the responsible coordinator can acknowledge: 403 within the organisation, 404 for other organisations.
ACKNOWLEDGE = {
    "a service": "201 201 201 404 404",
    "the coordinator": "201 403 404 404 404",
    "a colleague": "403 201 404 404 404",
    "another organisation's coordinator": "404 404 201 404 404",
    "the coordinator, by another organisation": "404 404 403 404 404",
    "the organisation's admin": "403 403 404 404 404",
    "another organisation's admin": "404 404 403 404 404",
    "the global admin": "403 403 403 404 404",
}
CLOSE = {
    **{caller: row for caller, row in GET.items() if "admin" not in caller},
    "the organisation's admin": "403 403 404 404 404",
    "another organisation's admin": "404 404 403 404 404",
    "the global admin": "403 403 403 404 404",
}
DELETE = {
    **{
        caller: row.replace("200", "403")
        for caller, row in GET.items()
        if "coordinator" in caller or "colleague" in caller
    },
    **{caller: GET[caller] for caller in GET if "admin" in caller or caller == "a service"},
}
TABLES = {"get": GET, "acknowledge": ACKNOWLEDGE, "note": GET, "close": CLOSE, "delete": DELETE}
SEEN = {"get": ALL, "acknowledge": "201 201 201 404 404", "note": ALL, "close": ALL, "delete": ALL}
"""The answers without a token in open mode."""


@pytest.fixture(params=["open", "token"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(
    database: Database, database_url: str, note_encryption_keys: Path, issuer: Issuer, mode: str
) -> Iterator[Flask]:
    environ = issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS=str(note_encryption_keys), AUTH_MODE=mode)
    app = create_app(Config.from_env(environ))
    yield app
    close_app(app)


class Requests:
    """Sends requests about lapses of three coordinators in two organisations; a lapse that was changed is replaced."""

    def __init__(self, client: FlaskClient, lapses: Lapses, issuer: Issuer) -> None:
        self.client, self.lapses, self.issuer = client, lapses, issuer
        self.things = {thing: self.make(thing) for thing in OWNERS}

    def make(self, thing: str) -> Lapse:
        coordinator, organisation = OWNERS[thing]
        opening = an_opening(coordinator_id=coordinator, organisation_id=organisation, mentor_id=f"canary_{thing[:3]}")
        lapse = self.lapses.open(opening, by="notification-service").lapse
        if thing == "deleted":
            self.lapses.delete(lapse.id, principal=ANONYMOUS, versions=None)
        return lapse

    def headers(self, caller: str) -> dict[str, str]:
        subject, role, organisation = CALLERS[caller]
        if caller == "a service":
            return bearer(self.issuer.service(subject, audience=AUDIENCE))
        if role is None:
            return bearer("a.b.c") if caller == "a bad token" else {}
        return bearer(self.issuer.person(subject, role, organisation, audience=AUDIENCE))

    def ask(self, caller: str, operation: str, thing: str) -> tuple[int, str]:
        lapse = self.things.get(thing)
        lapse_id = lapse.id if lapse else uuid4()
        claim = {
            "notification_id": str(lapse.notification_id if lapse else uuid4()),
            "coordinator_id": lapse.coordinator_id if lapse else "maya",
        }
        method, path, body = {
            "get": ("GET", f"{BASE}/{lapse_id}", None),
            "acknowledge": ("POST", BASE, claim),
            "note": ("PUT", f"{BASE}/{lapse_id}", {"coordinator_notes": f"noted by {caller}"}),
            "close": ("PUT", f"{BASE}/{lapse_id}", {"is_acknowledged": True}),
            "delete": ("DELETE", f"{BASE}/{lapse_id}", None),
        }[operation]
        answer = self.client.open(path, method=method, json=body, headers=self.headers(caller))
        if answer.status_code < 300 and operation != "get":
            self.things[thing] = self.make(thing)
        return answer.status_code, answer.get_data(as_text=True)


@pytest.fixture
def requests(client: FlaskClient, app: Flask, issuer: Issuer) -> Requests:
    return Requests(client, app.extensions["lapses"], issuer)


def row_of(caller: str, operation: str, mode: str) -> list[int]:
    if caller == "a bad token" or (caller == "no token" and mode == "token"):
        row = REFUSED
    else:
        row = SEEN[operation] if caller == "no token" else TABLES[operation].get(caller, NONE)
    return [int(status) for status in row.split()]


@pytest.mark.parametrize("operation", TABLES)
def test_every_status_is_exact_and_no_error_shows_a_foreign_lapse(
    operation: str, mode: str, requests: Requests
) -> None:
    for caller in CALLERS:
        answers = [requests.ask(caller, operation, thing) for thing in OBJECTS]
        assert [status for status, _ in answers] == row_of(caller, operation, mode), caller
        assert not any("canary" in body for status, body in answers if status >= 400), caller


def test_a_list_has_and_counts_visible_lapses_only(mode: str, requests: Requests) -> None:
    for caller in CALLERS:
        answer = requests.client.get(f"{BASE}?limit=100", headers=requests.headers(caller))
        row = row_of(caller, "get", mode)
        assert answer.status_code == (401 if 401 in row else 200), caller
        seen = {thing for thing, status in zip(OBJECTS, row, strict=True) if status == 200}
        if answer.status_code == 200:
            assert {lapse["mentor_id"] for lapse in answer.json["data"]} == {f"canary_{thing[:3]}" for thing in seen}
            assert answer.json["pagination"]["total"] == len(seen)
        body = answer.get_data(as_text=True)
        assert not any(f"canary_{thing[:3]}" in body for thing in set(OBJECTS) - seen), caller


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "a service"])
def test_the_internal_operations_need_a_service_token(caller: str, requests: Requests) -> None:
    assert len(INTERNAL) == 6
    for method, path in INTERNAL:
        named = path.replace("{notification_id}", str(uuid4())).replace("{coordinator_id}", "maya")
        person = named.replace("{person_id}", "canary_own").replace("{mentor_id}", "canary_own")
        answer = requests.client.open(person, method=method, json={}, headers=requests.headers(caller))
        assert (answer.status_code, "lapse" in answer.text.replace(person, "")) == (401, False), path


def test_the_audit_log_shows_administrators_the_entries_in_their_scope(mode: str, requests: Requests) -> None:
    visible = {
        "the organisation's admin": {"lhl"},
        "another organisation's admin": {"nhf"},
        "the global admin": {"lhl", "nhf"},
    }
    for caller in CALLERS:
        answer = requests.client.get("/api/v1/audit", headers=requests.headers(caller))
        refused = 401 if caller in ("no token", "a bad token", "a service") else 403
        assert answer.status_code == (200 if caller in visible else refused), caller
        seen = {entry["organisation_id"] for entry in answer.json.get("data", [])}
        assert seen == visible.get(caller, set()), caller


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "a service"])
def test_only_a_service_opens_a_lapse(caller: str, requests: Requests) -> None:
    body = {"mentor_id": "m", "organisation_id": "lhl", "expiry_date": "2026-04-01T00:00:00Z"}
    path = f"/internal/v1/lapses/{uuid4()}/maya"
    assert requests.client.put(path, json=body, headers=requests.headers(caller)).status_code == 401
    assert requests.client.put(path, json=body, headers=requests.headers("a service")).status_code == 201
