"""The audit log as administrators read it."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.usecases.lapses import Lapses
from flask.testing import FlaskClient
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.links import followed

from ..builders import an_opening
from ..conftest import MovableClock

AUDIT = "/api/v1/audit"
BASE = "/api/v1/lapse-acknowledgements"
Headers = dict[str, str]
AsPerson = Callable[..., Headers]


@pytest.fixture
def lapse_id(lapses: Lapses, client: FlaskClient) -> str:
    """Opened, acknowledged with a note, and removed."""
    lapse = lapses.open(an_opening(), by="notification-service").lapse
    lapses.open(an_opening(organisation_id="nhf"), by="notification-service")
    change = {"is_acknowledged": True, "coordinator_notes": "He is unwell"}
    assert client.put(f"{BASE}/{lapse.id}", json=change).status_code == 200
    assert client.delete(f"{BASE}/{lapse.id}").status_code == 200
    return str(lapse.id)


@pytest.mark.parametrize("address", [AUDIT, BASE + AUDIT, f"{AUDIT}/acknowledgement", f"{BASE}{AUDIT}/acknowledgement"])
def test_what_became_of_a_lapse_is_there_without_its_note(
    client: FlaskClient, as_person: AsPerson, lapse_id: str, address: str
) -> None:
    answer = client.get(address, headers=as_person("admin", "org_admin", "lhl"))

    assert [entry["action"] for entry in answer.json["data"]] == ["deleted", "noted", "acknowledged", "opened"]
    assert {entry["object_id"] for entry in answer.json["data"]} == {lapse_id}
    assert {entry["organisation_id"] for entry in answer.json["data"]} == {"lhl"}
    assert "unwell" not in answer.text


def test_callers_without_a_token_differ_by_a_hash_of_their_address(
    client: FlaskClient, as_person: AsPerson, lapses: Lapses
) -> None:
    lapse = lapses.open(an_opening(), by="notification-service").lapse
    addresses = ("198.51.100.7", "198.51.100.7", "198.51.100.8")
    for number, address in enumerate(addresses):
        note = {"coordinator_notes": f"note {number}"}
        assert client.put(f"{BASE}/{lapse.id}", json=note, environ_base={"REMOTE_ADDR": address}).status_code == 200

    log = client.get(f"{AUDIT}?action=noted", headers=as_person("root", "global_admin", None))
    other, same, one = [entry["actor_id"] for entry in log.json["data"]]

    assert one.startswith("anonymous:")
    assert (one == same, one == other) == (True, False)
    assert "198.51" not in log.text


@pytest.mark.parametrize("mode", ["open", "token"])
def test_a_start_in_open_mode_is_said_loudly(
    mode: str, database_url: str, issuer: Issuer, note_encryption_keys: str
) -> None:
    settings = issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS=str(note_encryption_keys), AUTH_MODE=mode)
    command = [sys.executable, "-c", "import acknowledgement_service.wsgi"]
    said = subprocess.run(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert ("AUTH_MODE=open" in said, '"level": "warning"' in said) == (mode == "open",) * 2


@pytest.mark.parametrize("by", ["LAPSE", "mentor_james_okafor"])
def test_an_object_is_a_lapse_or_a_mentor(client: FlaskClient, as_person: AsPerson, lapse_id: str, by: str) -> None:
    root = as_person("root", "global_admin", None)
    found = client.get(f"{AUDIT}?object={by.replace('LAPSE', lapse_id)}&action=deleted", headers=root).json["data"]

    assert [entry["details"]["mentor_id"] for entry in found] == ["mentor_james_okafor"]


def test_the_acknowledgements_of_one_coordinator_have_tier_and_times(
    client: FlaskClient, as_person: AsPerson, lapses: Lapses, clock: MovableClock
) -> None:
    opened = [lapses.open(an_opening(coordinator_id=name), by="test").lapse for name in ("maya", "kim")]
    for lapse in opened:
        client.put(f"{BASE}/{lapse.id}", json={"is_acknowledged": True})
    corrected = (opened[0].created_at + timedelta(seconds=1)).isoformat()
    clock.now += timedelta(minutes=1)
    client.put(f"{BASE}/{opened[0].id}", json={"acknowledged_at": corrected})

    admin = as_person("admin", "org_admin", "lhl")
    found = client.get(f"{AUDIT}?coordinator=maya", headers=admin).json["data"]
    details = {entry["action"]: entry["details"] for entry in found}

    assert [entry["action"] for entry in found] == ["corrected", "acknowledged", "opened"]
    assert {entry["object_id"] for entry in found} == {str(opened[0].id)}
    first, second = details["acknowledged"], details["corrected"]
    assert (first["acknowledged_at"], first["acknowledged_at_before"]) == (opened[0].created_at.isoformat(), None)
    assert (second["acknowledged_at"], second["acknowledged_at_before"]) == (corrected, first["acknowledged_at"])
    assert first["tier"] == second["tier"] == 0
    assert client.get(f"{AUDIT}?coordinator=nobody", headers=admin).json["data"] == []


def test_following_shows_each_entry_once_and_none_that_came_meanwhile(
    client: FlaskClient, as_person: AsPerson, lapses: Lapses, clock: MovableClock, lapse_id: str
) -> None:
    clock.now += timedelta(seconds=1)
    admin = as_person("admin", "org_admin", "lhl")
    everything = client.get(AUDIT, headers=admin).json["data"]
    seen = []
    for answer in followed(client, f"{AUDIT}?limit=1", headers=admin):
        seen += answer.json["data"]
        lapses.open(an_opening(), by="notification-service")

    assert len(seen) == 4
    assert seen == everything


def test_open_or_not_it_needs_an_administrator_s_token(client: FlaskClient, as_person: AsPerson) -> None:
    assert client.get(AUDIT).status_code == 401
    assert client.get(AUDIT, headers=as_person("c", "coordinator")).status_code == 403
    assert client.get(AUDIT, headers=as_person("a", "org_admin", None)).status_code == 403
    assert client.get(AUDIT, headers=as_person("a", "org_admin", "other")).json["data"] == []


def test_the_whole_log_is_verified(
    database_url: str, issuer: Issuer, lapse_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "verify"], issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS="unused")) == 0

    assert "2 chains, 5 entries, all whole." in capsys.readouterr().out
