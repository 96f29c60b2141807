"""Every caller at every operation on their own, a colleague's, a stranger's, an unknown and a removed record."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from shared_lib_testing.issuer import Issuer, bearer
from werkzeug.test import TestResponse

from ..builders import COORDINATOR, MENTOR, person, two_organisations
from ..conftest import AUDIENCE, Import

BASE = "/api/v1/pause-notifications"
MENTORS = {"own": MENTOR, "colleague's": "pm_662f9511", "foreign": "mentor-042"}
COORDINATORS = {"own": COORDINATOR, "colleague's": "coord_2a3b4c5d", "foreign": "coordinator-007"}
EVERYTHING = frozenset(MENTORS)
OBJECTS = (*MENTORS, "unknown", "removed")

# Who calls: subject, roles, organisation, and which of the three they may see. None: is not let in at all.
CALLERS: dict[str, tuple[str, Any, str | None, frozenset[str] | None]] = {
    "nobody": ("", None, None, None),
    "a bad token": ("", None, None, None),
    "a service": ("notification-service", None, None, None),
    "a mentor": (MENTOR, "peer_mentor", "nhf", frozenset()),
    "the coordinator": (COORDINATOR, "coordinator", "nhf", frozenset({"own"})),
    "a colleague": ("coord_2a3b4c5d", "coordinator", "nhf", frozenset({"colleague's"})),
    "a coordinator without mentors": ("coord_new", "coordinator", "nhf", frozenset()),
    "another organisation's coordinator": ("coordinator-007", "coordinator", "lhl", frozenset({"foreign"})),
    "the coordinator, by another organisation": (COORDINATOR, "coordinator", "lhl", frozenset()),
    "a coordinator without organisation": (COORDINATOR, "coordinator", None, None),
    "the organisation's admin": ("admin_nhf", "org_admin", "nhf", frozenset({"own", "colleague's"})),
    "another organisation's admin": ("admin_lhl", "org_admin", "lhl", frozenset({"foreign"})),
    "an admin who coordinates": ("admin_nhf", ["org_admin", "coordinator"], "nhf", frozenset({"own", "colleague's"})),
    "the global admin": ("root", "global_admin", None, EVERYTHING),
}
ALLOWED = {
    "list": {"coordinator", "org_admin", "global_admin"},
    "detail": {"coordinator", "org_admin", "global_admin"},
    "record": {"coordinator", "org_admin"},
    "correct": {"org_admin", "global_admin"},
    "remove": {"global_admin"},
    "resolve": {"coordinator", "org_admin", "global_admin"},
}
ASK = Callable[..., TestResponse]


@pytest.fixture
def moments() -> Callable[[], str]:
    numbers = count()
    return lambda: f"2026-05-01T00:00:00.{next(numbers):03}Z"


@pytest.fixture
def ask(client: FlaskClient, issuer: Issuer, bring_in: Import, moments: Callable[[], str]) -> ASK:
    """`ask(caller, operation, object)`; what can be seen of each object contains its canary."""
    report = bring_in(*two_organisations(), person("coordinator", "coord_new"))
    assert report.problems.shown == []
    headers = {name: _headers(name, issuer) for name in CALLERS}
    events: dict[str, str] = {"unknown": "pn_000000000000"}

    def record(thing: str) -> str:
        draft = {"peer_mentor_id": MENTORS[thing], "event_type": "pause_activated", "effective_date": moments()}
        admin = headers["another organisation's admin" if thing == "foreign" else "the organisation's admin"]
        return str(client.post(BASE, json={**draft, "reason": f"canary of {thing}"}, headers=admin).json["id"])

    def make(thing: str) -> None:
        events[thing] = record("own" if thing == "removed" else thing)
        if thing == "removed":
            client.delete(f"{BASE}/{events[thing]}", headers=headers["the global admin"])

    def send(caller: str, operation: str, thing: str = "own") -> TestResponse:
        method, path, body = _request(operation, MENTORS.get(thing, "pm_nobody"), events[thing], moments())
        answer = client.open(path, method=method, json=body, headers=headers[caller])
        if operation == "remove" and answer.status_code == 200:
            make(thing)
        return answer

    for thing in ("own", "colleague's", "foreign", "removed"):
        make(thing)
    return send


def _request(operation: str, mentor: str, event: str, moment: str) -> tuple[str, str, Any]:
    draft = {"peer_mentor_id": mentor, "event_type": "pause_activated", "effective_date": moment}
    return {
        "list": ("GET", f"{BASE}?limit=100", None),
        "resolve": ("GET", f"{BASE}/resolve-coordinator/{mentor}", None),
        "record": ("POST", BASE, draft),
        "detail": ("GET", f"{BASE}/{event}", None),
        "correct": ("PUT", f"{BASE}/{event}", {"reason": "canary"}),
        "remove": ("DELETE", f"{BASE}/{event}", None),
    }[operation]


def _headers(caller: str, issuer: Issuer) -> dict[str, str]:
    subject, roles, organisation, _ = CALLERS[caller]
    match caller:
        case "nobody":
            return {}
        case "a bad token":
            return bearer("a.b.c")
        case "a service":
            return bearer(issuer.service(subject, audience=AUDIENCE))
        case _:
            return bearer(issuer.person(subject, roles, organisation, audience=AUDIENCE))


def expected(caller: str, operation: str, thing: str) -> int:
    _, roles, _, sees = CALLERS[caller]
    if roles is None:
        return 401
    usable = set([roles] if isinstance(roles, str) else roles) & ALLOWED[operation]
    if not usable or sees is None:
        return 403
    if operation == "list":
        return 200
    if thing not in sees:
        return 404
    return 201 if operation == "record" else 200


@pytest.mark.parametrize("operation", ["detail", "record", "correct", "remove", "resolve"])
def test_every_cell_is_exact_and_shows_nothing_foreign(operation: str, ask: ASK) -> None:
    wrong = []
    for caller in CALLERS:
        for thing in OBJECTS:
            answer, status = ask(caller, operation, thing), expected(caller, operation, thing)
            if answer.status_code != status:
                wrong.append((caller, thing, answer.status_code, status))
            if status >= 400:
                body = answer.get_data(as_text=True)
                assert "canary" not in body, (caller, thing, body)
                assert not any(f"Navn {who}" in body or f"{who}@" in body for who in COORDINATORS.values())
    assert wrong == []


@pytest.mark.parametrize("caller", CALLERS)
def test_a_list_holds_and_counts_the_visible_events_only(caller: str, ask: ASK) -> None:
    answer = ask(caller, "list")
    sees = CALLERS[caller][3]

    assert answer.status_code == expected(caller, "list", "own")
    if answer.status_code == 200:
        assert sees is not None
        assert {row["peer_mentor_id"] for row in answer.json["data"]} == {MENTORS[thing] for thing in sees}
        assert answer.json["pagination"]["total"] == len(answer.json["data"]) == len(sees)
    body = answer.get_data(as_text=True)
    for thing in EVERYTHING - (sees or frozenset()):
        assert f"canary of {thing}" not in body
        assert MENTORS[thing] not in body


@pytest.mark.parametrize("caller", ["the coordinator", "a colleague", "the organisation's admin"])
def test_filters_do_not_widen_what_is_seen(caller: str, ask: ASK, client: FlaskClient, issuer: Issuer) -> None:
    sees = CALLERS[caller][3] or frozenset()
    for thing in EVERYTHING - sees:
        for query in (f"peer_mentor_id={MENTORS[thing]}", f"coordinator_id={COORDINATORS[thing]}"):
            answer = client.get(f"{BASE}?{query}", headers=_headers(caller, issuer))
            assert answer.json == {"data": [], "pagination": {"page": 1, "limit": 20, "total": 0}}, json.dumps(query)
