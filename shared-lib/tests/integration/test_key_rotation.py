"""Key rotation: committed in batches, and safe to interrupt and repeat."""

import signal
from collections.abc import Iterator

import pytest
from shared_lib.cli.data import run_key_rotation
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.privacy import key_rotation
from shared_lib.privacy.encryption import DecryptionError, FieldCipher
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for, truncate_all
from sqlalchemy import text

COLUMN = key_rotation.EncryptedColumn(table="note", ciphertext="ciphertext", key_id="key_id")
OLD = FieldCipher(current="old", keys={"old": b"o" * 32})
NEW = FieldCipher(current="new", keys={**OLD.keys, "new": b"n" * 32})
NEW_ALONE = FieldCipher(current="new", keys={"new": b"n" * 32})
ROWS = 2 * key_rotation.BATCH + 50


def _create(dsn: str) -> None:
    database = Database.open(dsn, pool_size=1)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (id uuid PRIMARY KEY, key_id text, ciphertext bytea)"))
    database.close()


@pytest.fixture(scope="session")
def notes(postgres_server: PostgresServer) -> Addresses:
    return database_for(postgres_server, "notes", _create)


@pytest.fixture
def database(notes: Addresses) -> Iterator[Database]:
    """Notes under the old key, and one without a text."""
    truncate_all(notes.owner)
    database = Database.open(notes.owner, pool_size=1)
    with database.begin(all_tenants("test")) as session:
        ids = session.scalars(text(f"SELECT gen_random_uuid()::text FROM generate_series(1, {ROWS})")).all()  # noqa: S608
        rows = [dict(zip(("key_id", "ciphertext"), OLD.encrypt(row_id, f"to {row_id}"), strict=True)) for row_id in ids]
        session.execute(
            text("INSERT INTO note VALUES (:id, :key_id, :ciphertext)"),
            [{"id": row_id, **row} for row_id, row in zip(ids, rows, strict=True)],
        )
        session.execute(text("INSERT INTO note (id) VALUES (gen_random_uuid())"))
    yield database
    database.close()


def decrypted(database: Database, cipher: FieldCipher) -> list[bool]:
    """For each row with a text, whether it is the one that was encrypted for it."""
    with database.begin(all_tenants("test")) as session:
        rows = session.execute(text("SELECT * FROM note WHERE ciphertext IS NOT NULL")).all()
    return [cipher.decrypt(str(row.id), row.key_id, row.ciphertext) == f"to {row.id}" for row in rows]


def test_an_interrupted_rotation_is_completed_by_the_next_one(database: Database) -> None:
    def interrupt(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_rotation.rotate_keys(database, NEW, COLUMN, progress=interrupt)
    progress: list[tuple[int, int]] = []
    rest = key_rotation.rotate_keys(database, NEW, COLUMN, progress=lambda *numbers: progress.append(numbers))
    nothing = key_rotation.rotate_keys(database, NEW, COLUMN, progress=lambda *_: None)

    assert rest == key_rotation.RotationResult(rotated=ROWS - key_rotation.BATCH, unreadable=())
    assert progress[0] == (0, rest.rotated)
    assert progress[-1] == (rest.rotated, rest.rotated)
    assert nothing == key_rotation.RotationResult(rotated=0, unreadable=())
    assert decrypted(database, NEW_ALONE) == [True] * ROWS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_that_it_was_interrupted(
    database: Database, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    class Signalled(FieldCipher):
        def encrypt(self, row_id: str, text: str) -> tuple[str, bytes]:
            signal.raise_signal(number)
            return super().encrypt(row_id, text)

    assert run_key_rotation(database, Signalled(current="new", keys=NEW.keys), COLUMN) == 130

    assert capsys.readouterr().out.startswith("Interrupted; run it again")
    assert run_key_rotation(database, NEW, COLUMN) == 0


def test_a_text_that_cannot_be_decrypted_is_reported_and_kept(database: Database) -> None:
    with database.begin(all_tenants("test")) as session:
        first, second = session.scalars(text("SELECT id::text FROM note WHERE ciphertext IS NOT NULL LIMIT 2")).all()
        move = "UPDATE note SET ciphertext = (SELECT ciphertext FROM note WHERE id = :second) WHERE id = :first"
        session.execute(text(move), {"first": first, "second": second})

    rotation = key_rotation.rotate_keys(database, NEW, COLUMN, progress=lambda *_: None)

    assert rotation == key_rotation.RotationResult(rotated=ROWS - 1, unreadable=(first,))
    with pytest.raises(DecryptionError):
        decrypted(database, NEW)
