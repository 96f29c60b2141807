"""Export and erasure of a person's data: the notes on their lapses, and idempotency keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import Change, Lapse
from acknowledgement_service.usecases.lapses import Lapses
from flask.testing import FlaskClient
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import Addresses

from ..builders import an_opening
from ..conftest import Headers

Output = pytest.CaptureFixture[str]
MENTOR, COORDINATOR = "mentor_james_okafor", "coord_maya_patel"
NOTE, OTHER_NOTE = "Ringte; hun er sykmeldt", "Alt i orden"
PERSON = "/internal/v1/people"
POST = "/api/v1/lapse-acknowledgements"


@contextmanager
def slow_audit(addresses: Addresses) -> Iterator[None]:
    """Reading the audit log takes longer than the statement timeout of other requests, as with very many rows."""
    with psycopg.connect(addresses.owner, autocommit=True) as owner:
        owner.execute(
            "CREATE POLICY slow ON audit_entry AS RESTRICTIVE FOR SELECT USING ((SELECT pg_sleep(3)) IS NOT NULL)"
        )
        try:
            yield
        finally:
            owner.execute("DROP POLICY slow ON audit_entry")


@pytest.fixture
def noted(lapses: Lapses) -> list[Lapse]:
    """A lapse of MENTOR and COORDINATOR, and one of two other people; both with a note."""
    other = an_opening(mentor_id="another-mentor", coordinator_id="another-coordinator")
    made = [lapses.open(opening, by="notification-service").lapse for opening in (an_opening(), other)]
    for lapse, note in zip(made, (NOTE, OTHER_NOTE), strict=True):
        annotate(lapses, lapse.id, note)
    return made


def annotate(lapses: Lapses, lapse_id: UUID, note: str) -> None:
    lapses.change(lapse_id, Change(coordinator_notes=note, changes_notes=True), principal=ANONYMOUS, versions=None)


def rows_of(addresses: Addresses, table: str) -> list[dict[str, Any]]:
    with psycopg.connect(addresses.everything, row_factory=dict_row) as connection:
        return connection.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()


@pytest.mark.parametrize("person", ["-v-l9_jYdAqJ=", "--help-me", "auth0|5f7c8ec7", "_x"])
def test_a_command_takes_the_ids_of_sign_in_providers(
    person: str, database_url: str, issuer: Issuer, note_encryption_keys: Path, capsys: Output
) -> None:
    settings = issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS=str(note_encryption_keys))
    for command in ("export", "erase"):
        assert main(["person", command, person], settings) == 0
    assert '"notes": 0' in capsys.readouterr().out


@pytest.mark.parametrize("person", [MENTOR, COORDINATOR])
def test_the_export_has_the_decrypted_notes_of_the_person_s_lapses_only(
    client: FlaskClient, as_service: Headers, noted: list[Lapse], person: str
) -> None:
    exported = client.get(f"{PERSON}/{person}", headers=as_service).json["acknowledgement"]

    assert [(lapse["id"], lapse["coordinator_notes"]) for lapse in exported["lapse"]] == [(str(noted[0].id), NOTE)]
    assert not {"encrypted_notes", "notes_key_id"} & exported["lapse"][0].keys()
    assert [entry["action"] for entry in exported["audit_entry"]] == ["opened", "noted"]


def test_a_former_coordinator_s_export_has_the_lapse_that_they_left_without_its_note(
    client: FlaskClient, as_service: Headers, noted: list[Lapse]
) -> None:
    move = {"organisation_id": "lhl", "coordinator_id": "successor", "version": 1}
    client.put(f"/internal/v1/lapses/{noted[0].notification_id}/coordinator", json=move, headers=as_service)

    left, followed = (
        client.get(f"{PERSON}/{person}", headers=as_service).json["acknowledgement"]
        for person in (COORDINATOR, "successor")
    )

    assert [lapse["coordinator_notes"] for lapse in left["lapse"]] == [None]
    assert [lapse["coordinator_notes"] for lapse in followed["lapse"]] == [NOTE]
    assert [entry["action"] for entry in left["audit_entry"]] == ["opened", "noted", "reassigned"]
    assert [entry["action"] for entry in followed["audit_entry"]] == ["reassigned"]


@pytest.mark.parametrize("person", [MENTOR, COORDINATOR])
def test_erasing_removes_notes_and_keys_and_a_repeat_removes_nothing(
    client: FlaskClient, as_service: Headers, noted: list[Lapse], addresses: Addresses, person: str
) -> None:
    erased, other = noted
    acknowledgement = {"notification_id": str(erased.notification_id), "coordinator_id": COORDINATOR}
    assert client.post(POST, json=acknowledgement, headers={"Idempotency-Key": "about-james"}).status_code == 201

    done = [client.delete(f"{PERSON}/{person}", headers=as_service).json["acknowledgement"] for _ in range(2)]

    assert done == [{"notes": 1, "keys": 1}, {"notes": 0, "keys": 0}]
    left = {row["id"]: row for row in rows_of(addresses, "lapse")}
    encrypted = ("encrypted_notes", "notes_key_id")
    assert [left[erased.id][column] for column in encrypted] == [None, None]
    assert left[erased.id]["acknowledged_at"] is not None
    assert None not in (left[other.id]["encrypted_notes"], left[other.id]["notes_key_id"])
    assert rows_of(addresses, "idempotency_key") == []
    entries = [row for row in rows_of(addresses, "audit_entry") if row["action"] == "erased"]
    assert [(row["object_id"], row["actor_id"]) for row in entries] == [(str(erased.id), "operations")]


def test_a_coordinator_with_thousands_of_notes_is_erased_in_several_transactions(
    client: FlaskClient, as_service: Headers, lapses: Lapses, addresses: Addresses
) -> None:
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SET LOCAL app.all_tenants = 'test'")
        connection.execute(
            "INSERT INTO lapse (id, notification_id, mentor_id, coordinator_id, organisation_id, expiry_date, "
            "created_at, encrypted_notes, notes_key_id, opened_for, version) "
            "SELECT gen_random_uuid(), gen_random_uuid(), 'm', %s, 'st-org', "
            "now(), now(), 'ciphertext', 'k1', 'm', 1 FROM generate_series(1, 6000)",
            [COORDINATOR],
        )

    done = client.delete(f"{PERSON}/{COORDINATOR}", headers=as_service)

    assert (done.status_code, done.json) == (200, {"acknowledgement": {"notes": 6000, "keys": 0}})
    assert {row["encrypted_notes"] for row in rows_of(addresses, "lapse")} == {None}
    assert len(rows_of(addresses, "audit_link")) == 6000


@pytest.mark.usefixtures("noted")
def test_an_export_may_take_longer_than_other_requests(
    client: FlaskClient, as_service: Headers, addresses: Addresses
) -> None:
    with slow_audit(addresses):
        exported = client.get(f"{PERSON}/{MENTOR}", headers=as_service)

    assert (exported.status_code, exported.json["acknowledgement"].keys()) == (200, {"lapse", "audit_entry"})


def test_a_person_s_data_needs_a_service_token(client: FlaskClient) -> None:
    assert client.get(f"{PERSON}/{MENTOR}").status_code == 401
    assert client.delete(f"{PERSON}/{MENTOR}").status_code == 401
