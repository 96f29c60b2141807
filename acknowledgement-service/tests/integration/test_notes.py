"""Notes are encrypted in the database, and bound to their lapse."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.access import ANONYMOUS
from acknowledgement_service.domain.model import Change
from acknowledgement_service.usecases.lapses import Lapses
from shared_lib.privacy.encryption import FieldCipher
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import Addresses

from ..builders import an_opening

NOTE = "Ringte; hun er sykmeldt"


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
    """From the response to a PUT that does not change notes."""
    change = Change(is_acknowledged=True)
    return lapses.change(UUID(lapse_id), change, principal=ANONYMOUS, versions=None).coordinator_notes


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
