"""Every caller at every operation, about their own, a colleague's, a foreign, an unknown and a retired mentor."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from notification_service.app.relay import Ports
from notification_service.app.web import create_app
from notification_service.config import Config
from notification_service.usecases.person_data import Contacts
from shared_lib.database.engine import Database
from shared_lib.web.app import close_app
from shared_lib_testing.issuer import Issuer, bearer

from ..builders import a_contact, a_coordinator, an_organisation
from ..conftest import AUDIENCE
from ..fakes import MovableClock
from .announcing import BODIES

BASE = "/api/v1/pause-notifications"
VERBS = ("get", "put", "post", "patch", "delete")
DOCUMENT = json.loads((Path(__file__).parents[2] / "contract" / "openapi.json").read_text())
INTERNAL = [
    (verb, path) for path, item in DOCUMENT["paths"].items() if "/internal/" in path for verb in item if verb in VERBS
]
MENTORS = ("mentor_own", "mentor_colleagues", "mentor_foreign", "mentor_unknown", "mentor_retired")

# Who calls: subject, role, organisation.
CALLERS: dict[str, tuple[str, Any, str | None]] = {
    "a client without a token": ("", None, None),
    "a bad token": ("", None, None),
    "a service": ("orchestrator-service", None, None),
    "a mentor": ("mentor_own", "peer_mentor", "lhl"),
    "the coordinator": ("ola", "coordinator", "lhl"),
    "a colleague": ("kim", "coordinator", "lhl"),
    "another organisation's coordinator": ("nils", "coordinator", "nhf"),
    "the coordinator, by another organisation": ("ola", "coordinator", "nhf"),
    "a coordinator without organisation": ("ola", "coordinator", None),
    "the organisation's admin": ("admin-lhl", "org_admin", "lhl"),
    "another organisation's admin": ("admin-nhf", "org_admin", "nhf"),
    "the global admin": ("root", "global_admin", None),
}
ALL, NONE, FORBIDDEN = "ok ok ok 404 404", "404 404 404 404 404", "403 403 403 403 403"
TABLE = {
    "a client without a token": ALL,
    "a bad token": "401 401 401 401 401",
    "a service": ALL,
    "a mentor": FORBIDDEN,
    "the coordinator": "ok 404 404 404 404",
    "a colleague": "404 ok 404 404 404",
    "another organisation's coordinator": "404 404 ok 404 404",
    "the coordinator, by another organisation": NONE,
    "a coordinator without organisation": FORBIDDEN,
    "the organisation's admin": "ok ok 404 404 404",
    "another organisation's admin": "404 404 ok 404 404",
    "the global admin": ALL,
}


@pytest.fixture(params=["open", "token"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(config: Config, database: Database, ports: Ports, clock: MovableClock, mode: str) -> Iterator[Flask]:
    app = create_app(replace(config, allow_anonymous=mode == "open"), ports=ports, clock=clock)
    yield app
    close_app(app)


@pytest.fixture
def people(contacts: Contacts) -> None:
    contacts.put(
        organisations=[an_organisation(), an_organisation(id="nhf", name="NHF", admin_ids=("admin-nhf",))],
        people=[
            a_contact(id="mentor_own", coordinator_id="ola", name="canary own", email="canary.own@lhl.example"),
            a_contact(id="mentor_colleagues", coordinator_id="kim", name="canary col", email="canary.col@lhl.example"),
            a_contact(
                id="mentor_foreign",
                coordinator_id="nils",
                organisation_id="nhf",
                name="canary for",
                email="canary.f@nhf.example",
            ),
            a_contact(id="mentor_retired", coordinator_id="ola", active=False),
            a_coordinator(id="ola"),
            a_coordinator(id="kim", email="kim@lhl.example"),
            a_coordinator(id="nils", organisation_id="nhf", email="nils@nhf.example"),
        ],
    )


def headers(caller: str, issuer: Issuer) -> dict[str, str]:
    subject, role, organisation = CALLERS[caller]
    if caller == "a service":
        return bearer(issuer.service(subject, audience=AUDIENCE))
    if role is None:
        return bearer("a.b.c") if caller == "a bad token" else {}
    return bearer(issuer.person(subject, role, organisation, audience=AUDIENCE))


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("notice", BODIES)
def test_every_cell_is_exact_and_reveals_nothing_of_others(
    notice: str, mode: str, client: FlaskClient, issuer: Issuer
) -> None:
    for caller, row in TABLE.items():
        expected = ["401"] * 5 if caller == "a client without a token" and mode == "token" else row.split()
        answers = [
            client.post(
                f"{BASE}/{notice}", json={**BODIES[notice], "mentor_id": mentor}, headers=headers(caller, issuer)
            )
            for mentor in MENTORS
        ]
        found = ["ok" if answer.status_code in (200, 201) else str(answer.status_code) for answer in answers]
        assert found == expected, caller
        for answer in answers:
            assert "canary" not in answer.get_data(as_text=True)
            assert "@" not in answer.get_data(as_text=True)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "a service"])
def test_the_internal_operations_are_for_services_only(caller: str, client: FlaskClient, issuer: Issuer) -> None:
    assert len(INTERNAL) == 7
    for method, path in INTERNAL:
        named = re.sub(r"{\w+}", "mentor_own", path)
        answer = client.open(named, method=method, json={}, headers=headers(caller, issuer))
        assert (answer.status_code, "canary" in answer.text) == (401, False), path


@pytest.mark.usefixtures("people")
def test_the_audit_log_is_for_administrators_alone_each_within_their_scope(
    client: FlaskClient, issuer: Issuer, mode: str
) -> None:
    for mentor in ("mentor_own", "mentor_foreign"):
        announced = client.post(
            f"{BASE}/pause-activated", json={"mentor_id": mentor}, headers=headers("a service", issuer)
        )
        assert announced.status_code == 201
    scopes = {
        "the organisation's admin": {"lhl"},
        "another organisation's admin": {"nhf"},
        "the global admin": {"lhl", "nhf"},
    }
    for caller in CALLERS:
        answer = client.get("/api/v1/audit", headers=headers(caller, issuer))
        refusal = 401 if caller in ("a client without a token", "a bad token", "a service") else 403
        assert answer.status_code == (200 if caller in scopes else refusal), caller
        seen = {entry["organisation_id"] for entry in answer.json.get("data", [])}
        assert seen == scopes.get(caller, set()), caller
