"""A person's data: the notes on his lapses and the keys chosen about him, shown and removed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from acknowledgement_service.domain.model import Change, Lapse
from acknowledgement_service.domain.visitor import ANYBODY
from acknowledgement_service.usecases.lapses import Lapses
from flask.testing import FlaskClient
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from shared_lib_testing.postgres import Addresses

from ..builders import an_opening
from ..conftest import Headers

MENTOR, COORDINATOR = "mentor_james_okafor", "coord_maya_patel"
NOTE, EARLIER, SOMEBODY_ELSES = "Ringte; hun er sykmeldt", "Skrevet den gang", "Alt i orden"
PERSON = "/internal/v1/people"
POST = "/api/v1/lapse-acknowledgements"


@contextmanager
def slow_audit(addresses: Addresses) -> Iterator[None]:
    """To look into the audit log takes longer than a request may wait for the database, as among very many rows."""
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
    """His own, and a lapse of somebody else with another coordinator."""
    theirs = an_opening(mentor_id="somebody-else", coordinator_id="another-coordinator")
    made = [lapses.open(opening, by="notification-service").value for opening in (an_opening(), theirs)]
    for lapse, note in zip(made, (NOTE, SOMEBODY_ELSES), strict=True):
        annotate(lapses, lapse.id, note)
    return made


def annotate(lapses: Lapses, lapse_id: UUID, note: str) -> None:
    lapses.change(lapse_id, Change(coordinator_notes=note, changes_notes=True), visitor=ANYBODY, versions=None)


def rows_of(addresses: Addresses, table: str) -> list[dict[str, Any]]:
    with psycopg.connect(addresses.everything, row_factory=dict_row) as connection:
        return connection.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()


def write_unsealed(addresses: Addresses, lapse_id: UUID) -> None:
    """As a release did that did not seal notes yet."""
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SET LOCAL app.all_tenants = 'test'")
        connection.execute("UPDATE lapse SET coordinator_notes = %s WHERE id = %s", [EARLIER, lapse_id])


@pytest.mark.parametrize("person", [MENTOR, COORDINATOR])
def test_the_notes_on_his_lapses_are_shown_readable_and_nobody_elses(
    client: FlaskClient, as_service: Headers, noted: list[Lapse], person: str
) -> None:
    held = client.get(f"{PERSON}/{person}", headers=as_service).json["acknowledgement"]

    assert [(lapse["id"], lapse["coordinator_notes"]) for lapse in held["lapse"]] == [(str(noted[0].id), NOTE)]
    assert not {"encrypted_notes", "notes_key_id"} & held["lapse"][0].keys()
    assert [entry["action"] for entry in held["audit_entry"]] == ["opened", "noted"]


@pytest.mark.parametrize("person", [MENTOR, COORDINATOR])
def test_nothing_is_left_of_a_note_and_a_second_run_finds_nothing(
    client: FlaskClient, as_service: Headers, noted: list[Lapse], addresses: Addresses, person: str
) -> None:
    his, others = noted
    confirmed = {"notification_id": str(his.notification_id), "coordinator_id": COORDINATOR}
    assert client.post(POST, json=confirmed, headers={"Idempotency-Key": "about-james"}).status_code == 201

    done = [client.delete(f"{PERSON}/{person}", headers=as_service).json["acknowledgement"] for _ in range(2)]

    assert done == [{"notes": 1, "keys": 1}, {"notes": 0, "keys": 0}]
    left = {row["id"]: row for row in rows_of(addresses, "lapse")}
    texts = ("coordinator_notes", "encrypted_notes", "notes_key_id")
    assert [left[his.id][column] for column in texts] == [None, None, None]
    assert left[his.id]["acknowledged_at"] is not None
    assert None not in (left[others.id]["encrypted_notes"], left[others.id]["notes_key_id"])
    assert rows_of(addresses, "idempotency_key") == []
    erased = [row for row in rows_of(addresses, "audit_entry") if row["action"] == "erased"]
    assert [(row["object_id"], row["actor_id"]) for row in erased] == [(str(his.id), "operations")]


def test_a_note_of_before_notes_were_sealed_goes_as_well(
    client: FlaskClient, as_service: Headers, noted: list[Lapse], addresses: Addresses
) -> None:
    write_unsealed(addresses, noted[0].id)
    (shown,) = client.get(f"{PERSON}/{MENTOR}", headers=as_service).json["acknowledgement"]["lapse"]

    assert client.delete(f"{PERSON}/{MENTOR}", headers=as_service).status_code == 200

    assert shown["coordinator_notes"] == EARLIER
    assert EARLIER not in str(rows_of(addresses, "lapse"))


def test_a_coordinator_of_many_years_is_erased_though_it_takes_longer_than_one_transaction_may(
    client: FlaskClient, as_service: Headers, lapses: Lapses, addresses: Addresses
) -> None:
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SET LOCAL app.all_tenants = 'test'")
        connection.execute(
            "INSERT INTO lapse (id, notification_id, mentor_id, coordinator_id, organisation_id, expiry_date, "
            "created_at, coordinator_notes, version) SELECT gen_random_uuid(), gen_random_uuid(), 'somebody', %s, "
            "'st-org', now(), now(), %s, 1 FROM generate_series(1, 6000)",
            [COORDINATOR, EARLIER],
        )

    done = client.delete(f"{PERSON}/{COORDINATOR}", headers=as_service)

    assert (done.status_code, done.json) == (200, {"acknowledgement": {"notes": 6000, "keys": 0}})
    assert {row["coordinator_notes"] for row in rows_of(addresses, "lapse")} == {None}
    assert len(rows_of(addresses, "audit_link")) == 6000


@pytest.mark.usefixtures("noted")
def test_what_a_large_database_holds_is_worth_waiting_for(
    client: FlaskClient, as_service: Headers, addresses: Addresses
) -> None:
    with slow_audit(addresses):
        held = client.get(f"{PERSON}/{MENTOR}", headers=as_service)

    assert (held.status_code, held.json["acknowledgement"].keys()) == (200, {"lapse", "audit_entry"})


def test_it_is_for_neighbours_alone(client: FlaskClient) -> None:
    assert client.get(f"{PERSON}/{MENTOR}").status_code == 401
    assert client.delete(f"{PERSON}/{MENTOR}").status_code == 401
