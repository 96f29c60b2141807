"""Notes are sealed in the database, and bound to their lapse."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from acknowledgement_service.__main__ import main
from acknowledgement_service.domain.model import Change
from acknowledgement_service.domain.visitor import ANYBODY
from acknowledgement_service.usecases.lapses import Lapses
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
    """A lapse with this note; answers its id."""

    def make(note: str) -> str:
        lapse = lapses.open(an_opening(), by="notification-service").value
        change = Change(coordinator_notes=note, changes_notes=True)
        assert lapses.change(lapse.id, change, visitor=ANYBODY, versions=None).coordinator_notes == note
        return str(lapse.id)

    return make


def note_of(lapses: Lapses, lapse_id: str) -> str | None:
    """As the answer to a PUT has it that says nothing about notes."""
    change = Change(is_acknowledged=True)
    return lapses.change(UUID(lapse_id), change, visitor=ANYBODY, versions=None).coordinator_notes


def everything(addresses: Addresses, statement: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(addresses.everything) as connection:
        return connection.execute(statement.encode(), values).fetchall()


def write(addresses: Addresses, statement: str, *values: object) -> None:
    with psycopg.connect(addresses.app) as connection:
        connection.execute("SET LOCAL app.all_tenants = 'test'")
        connection.execute(statement.encode(), values)


def test_a_note_is_nowhere_in_the_database_and_comes_back(noted: Noted, lapses: Lapses, addresses: Addresses) -> None:
    lapse_id = noted(NOTE)

    (row,) = everything(addresses, "SELECT t::text, coordinator_notes, encrypted_notes FROM lapse AS t")
    assert NOTE not in str(row[0])
    assert row[1] is None
    assert isinstance(row[2], bytes)
    assert NOTE.encode() not in row[2]
    assert note_of(lapses, lapse_id) == NOTE


def test_a_note_that_was_moved_to_another_lapse_does_not_open(
    noted: Noted, lapses: Lapses, addresses: Addresses
) -> None:
    mine, other = noted(NOTE), noted("Mine")
    move = "UPDATE lapse SET encrypted_notes = (SELECT encrypted_notes FROM lapse WHERE id = %s) WHERE id = %s"
    write(addresses, move, mine, other)

    assert note_of(lapses, other) is None
    assert note_of(lapses, mine) == NOTE


def test_notes_of_before_are_read_and_then_sealed_by_command(
    noted: Noted,
    lapses: Lapses,
    addresses: Addresses,
    environ: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    lapse_id = noted("sealed long ago")
    write(addresses, "UPDATE lapse SET coordinator_notes = %s WHERE id = %s", NOTE, lapse_id)
    assert note_of(lapses, lapse_id) == NOTE

    codes = [main(["encryption", "rotate-keys"], environ) for _ in range(2)]

    assert codes == [0, 0]
    assert capsys.readouterr().out.splitlines() == ["1 encrypted with key k1.", "0 encrypted with key k1."]
    assert everything(addresses, "SELECT coordinator_notes FROM lapse") == [(None,)]
    assert note_of(lapses, lapse_id) == NOTE
