"""The three audit trails behind the one gateway, and that they are whole."""

import os
import subprocess
import sys

import pytest

from .asking import LAPSES, PAUSES, ask, assert_problem
from .people import COORDINATOR, MENTORS, OURS
from .running import eventually

AUDIT = "/api/v1/audit"
ADDRESSES = {
    "orchestrator": (AUDIT, PAUSES + AUDIT),
    "notification": (f"{AUDIT}/notification", f"{PAUSES}{AUDIT}/notification"),
    "acknowledgement": (f"{AUDIT}/acknowledgement", LAPSES + AUDIT),
}
FIRST_ACTS = {"orchestrator": "event_recorded", "notification": "dispatch_recorded", "acknowledgement": "opened"}
MENTOR = MENTORS[95]


@pytest.fixture(scope="module")
def expired(gateway, token):
    """An expired certification leaves a trace in all three services."""
    moment = "2026-06-01T00:00:00.000Z"
    body = {"peer_mentor_id": MENTOR, "event_type": "certification_expired", "effective_date": moment}
    answer = ask(gateway, "POST", PAUSES, token=token("coordinator", COORDINATOR), body=body)
    assert answer.status == 201
    return answer.document["id"]


@pytest.mark.parametrize(
    ("service", "address"), [(service, address) for service in ADDRESSES for address in ADDRESSES[service]]
)
def test_each_audit_log_is_read_by_administrators_alone(service, address, gateway, token, expired):
    admin = token("org_admin", "st-admin")
    mine = f"{address}?object={MENTOR}"

    entries = eventually(lambda: ask(gateway, "GET", mine, token=admin).document["data"])

    assert entries[-1]["action"] == FIRST_ACTS[service]
    assert {entry["organisation_id"] for entry in entries} == {OURS}
    assert ask(gateway, "GET", mine, token=token("org_admin", "x", "nhf")).document["data"] == []
    assert ask(gateway, "GET", mine, token=token("global_admin", "root", None)).document["data"] == entries
    assert_problem(ask(gateway, "GET", mine), 401)
    assert_problem(ask(gateway, "GET", mine, token=token("coordinator", COORDINATOR)), 403)
    assert_problem(ask(gateway, "GET", f"{address}?limit=201", token=admin), 422)
    assert_problem(ask(gateway, "DELETE", address, token=admin), 405)


@pytest.mark.parametrize("service", ADDRESSES)
def test_each_audit_log_is_complete(service, stack, expired, tmp_path):
    settings = {**os.environ, **stack.description["settings"][service]}
    command = [sys.executable, "-m", f"{service}_service", "audit", "verify", "--anchors", str(tmp_path / "anchors")]

    for _ in range(2):
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{OURS}: " in done.stdout
        assert "all whole." in done.stdout
