"""Notes are encrypted in the database, and bound to their lapse."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import Change
from acknowledgement_service.usecases.lapses import Lapses
from flask.testing import FlaskClient
from shared_lib.privacy.encryption import FieldCipher
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import Addresses

from ..builders import an_opening
from ..conftest import MovableClock

NOTE = "Ringte; hun er sykmeldt"
BASE = "/api/v1/lapse-acknowledgements"
AsPerson = Callable[..., dict[str, str]]


@pytest.fixture
def environ(issuer: Issuer, note_encryption_keys: Path, database_url: str) -> dict[str, str]:
    return issuer.environ(DATABASE_URL=database_url, NOTE_ENCRYPTION_KEYS=str(note_encryption_keys))


Noted = Callable[[str], str]


@pytest.fixture
def noted(lapses: Lapses) -> Noted:
    """Makes a lapse with this note and returns its id."""

    def make(note: str) -> str:
        lapse = lapses.open(an_opening(), by="notification-service").lapse
        change = Change(coordinator_notes=note, changes_notes=True)
        assert lapses.change(lapse.id, change, principal=ANONYMOUS, versions=None).coordinator_notes == note
        return str(lapse.id)

    return make


def note_of(lapses: Lapses, lapse_id: str) -> str | None:
    return lapses.notes(UUID(lapse_id), principal=ANONYMOUS).coordinator_notes


def everything(addresses: Addresses, statement: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(addresses.everything) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def write(addresses: Addresses, statement: str, *values: object) -> None:
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SET LOCAL app.all_tenants = 'test'")
        connection.execute(statement.encode(), values)


def test_a_note_is_stored_encrypted_and_read_back(noted: Noted, lapses: Lapses, addresses: Addresses) -> None:
    lapse_id = noted(NOTE)

    (row,) = everything(addresses, "SELECT t::text, encrypted_notes FROM lapse AS t")
    assert NOTE not in str(row[0])
    assert isinstance(row[1], bytes)
    assert NOTE.encode() not in row[1]
    assert note_of(lapses, lapse_id) == NOTE


def test_a_note_that_was_copied_to_another_lapse_is_not_decrypted(
    noted: Noted, lapses: Lapses, addresses: Addresses
) -> None:
    noted_lapse, other = noted(NOTE), noted("Another note")
    move = "UPDATE lapse SET encrypted_notes = (SELECT encrypted_notes FROM lapse WHERE id = %s) WHERE id = %s"
    write(addresses, move, noted_lapse, other)

    assert note_of(lapses, other) is None
    assert note_of(lapses, noted_lapse) == NOTE


def test_a_key_rotation_encrypts_old_notes_with_the_new_key(
    noted: Noted, addresses: Addresses, environ: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lapse_id = noted(NOTE)
    old = json.loads(Path(environ["NOTE_ENCRYPTION_KEYS"]).read_text())["keys"]
    new = {**old, "k2": base64.b64encode(b"n" * 32).decode()}
    path = tmp_path / "new-keys.json"
    path.write_text(json.dumps({"current": "k2", "keys": new}))

    codes = [main(["encryption", "rotate-keys"], {**environ, "NOTE_ENCRYPTION_KEYS": str(path)}) for _ in range(2)]

    assert codes == [0, 0]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1", "0"]
    ((key_id, encrypted),) = everything(addresses, "SELECT notes_key_id, encrypted_notes FROM lapse")
    assert key_id == "k2"
    assert isinstance(encrypted, bytes)
    cipher = FieldCipher.from_file(str(path), setting="NOTE_ENCRYPTION_KEYS")
    assert cipher.decrypt(lapse_id, "k2", encrypted) == NOTE


@pytest.mark.parametrize("body", [{"is_acknowledged": True}, {"is_acknowledged": True, "acknowledged_at": "AT"}])
def test_without_a_token_a_note_is_answered_to_the_request_that_carries_it_alone(
    noted: Noted, client: FlaskClient, clock: MovableClock, body: dict[str, Any]
) -> None:
    address = f"{BASE}/{noted(NOTE)}"
    if "acknowledged_at" in body:
        body = {**body, "acknowledged_at": clock.now.isoformat()}

    answers = [client.put(address, json=each) for each in (body, {"coordinator_notes": "New"}, body)]

    assert [answer.json["coordinator_notes"] for answer in answers] == [None, "New", None]
    assert client.get(f"{address}/notes").status_code == 401


def test_a_coordinator_s_token_shows_the_note_in_the_answer_to_a_change(
    noted: Noted, client: FlaskClient, as_person: AsPerson
) -> None:
    answer = client.put(
        f"{BASE}/{noted(NOTE)}", json={"is_acknowledged": True}, headers=as_person("coord_maya_patel", "coordinator")
    )

    assert answer.json["coordinator_notes"] == NOTE


READERS = {
    ("coord_maya_patel", "coordinator", "lhl"): 200,
    ("anne", "org_admin", "lhl"): 200,
    ("kim", "coordinator", "lhl"): 404,
    ("arne", "org_admin", "nhf"): 404,
    ("coord_maya_patel", "peer_mentor", "lhl"): 403,
    ("root", "global_admin", None): 403,
}


@pytest.mark.parametrize("reader", READERS, ids=str)
def test_a_note_is_read_by_who_may_see_it(
    noted: Noted, client: FlaskClient, as_person: AsPerson, clock: MovableClock, reader: tuple[str, str, str | None]
) -> None:
    lapse_id = noted(NOTE)

    answer = client.get(f"{BASE}/{lapse_id}/notes", headers=as_person(*reader))

    assert answer.status_code == READERS[reader]
    if answer.status_code == 200:
        at = clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        shown = {"acknowledgement_id": lapse_id, "coordinator_notes": NOTE, "updated_at": at}
        assert list(answer.json.items()) == list(shown.items())
