"""Rotating the key of sealed texts: in batches that hold, as often as it takes."""

import signal
from collections.abc import Iterator

import pytest
from shared_lib.cli import run_key_rotation
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.privacy import key_rotation
from shared_lib.privacy.encryption import DecryptionError, FieldCipher
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for, truncate_all
from sqlalchemy import text

COLUMN = key_rotation.EncryptedColumn(table="letter", sealed="sealed", key_id="key_id", plain="plain")
OLD = FieldCipher(current="old", keys={"old": b"o" * 32})
NEW = FieldCipher(current="new", keys={**OLD.keys, "new": b"n" * 32})
NEW_ALONE = FieldCipher(current="new", keys={"new": b"n" * 32})
LETTERS = 2 * key_rotation.BATCH + 50


def _create(dsn: str) -> None:
    database = Database.open(dsn, pool_size=1)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE letter (id uuid PRIMARY KEY, key_id text, sealed bytea, plain text)"))
    database.close()


@pytest.fixture(scope="session")
def letters(postgres_server: PostgresServer) -> Addresses:
    return database_for(postgres_server, "letters", _create)


@pytest.fixture
def database(letters: Addresses) -> Iterator[Database]:
    """Letters under the old key, one without a text, and one of before they were sealed."""
    truncate_all(letters.owner)
    database = Database.open(letters.owner, pool_size=1)
    with database.begin(all_tenants("test")) as session:
        ids = session.scalars(text(f"SELECT gen_random_uuid()::text FROM generate_series(1, {LETTERS})")).all()  # noqa: S608
        rows = [dict(zip(("key_id", "sealed"), OLD.encrypt(row_id, f"to {row_id}"), strict=True)) for row_id in ids]
        session.execute(
            text("INSERT INTO letter VALUES (:id, :key_id, :sealed)"),
            [{"id": row_id, **row} for row_id, row in zip(ids, rows, strict=True)],
        )
        session.execute(text("INSERT INTO letter (id) VALUES (gen_random_uuid())"))
        session.execute(text("INSERT INTO letter (id, plain) SELECT id, 'to ' || id FROM gen_random_uuid() AS id"))
    yield database
    database.close()


def opened(database: Database, cipher: FieldCipher) -> list[bool]:
    """For each letter with a text, whether it is the one that was sealed for it."""
    with database.begin(all_tenants("test")) as session:
        rows = session.execute(text("SELECT * FROM letter WHERE sealed IS NOT NULL")).all()
    return [cipher.decrypt(str(row.id), row.key_id, row.sealed) == f"to {row.id}" for row in rows]


def test_a_rotation_that_is_broken_off_goes_on_where_it_was(database: Database) -> None:
    def break_off(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_rotation.rotate(database, NEW, COLUMN, progress=break_off)
    heard: list[tuple[int, int]] = []
    rest = key_rotation.rotate(database, NEW, COLUMN, progress=lambda *how_far: heard.append(how_far))
    nothing = key_rotation.rotate(database, NEW, COLUMN, progress=lambda *_: None)

    assert rest == key_rotation.RotationResult(resealed=LETTERS + 1 - key_rotation.BATCH, unreadable=())
    assert heard[0] == (0, rest.resealed)
    assert heard[-1] == (rest.resealed, rest.resealed)
    assert nothing == key_rotation.RotationResult(resealed=0, unreadable=())
    assert opened(database, NEW_ALONE) == [True] * (LETTERS + 1)
    with database.begin(all_tenants("test")) as session:
        assert session.scalar(text("SELECT count(plain) FROM letter")) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_that_it_was_broken_off(
    database: Database, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    class Signalled(FieldCipher):
        def encrypt(self, row_id: str, text: str) -> tuple[str, bytes]:
            signal.raise_signal(number)
            return super().encrypt(row_id, text)

    assert run_key_rotation(database, Signalled(current="new", keys=NEW.keys), COLUMN) == 130

    assert capsys.readouterr().out.startswith("Interrupted; run it again")
    assert run_key_rotation(database, NEW, COLUMN) == 0


def test_what_does_not_open_is_named_and_stays(database: Database) -> None:
    with database.begin(all_tenants("test")) as session:
        first, second = session.scalars(text("SELECT id::text FROM letter WHERE sealed IS NOT NULL LIMIT 2")).all()
        move = "UPDATE letter SET sealed = (SELECT sealed FROM letter WHERE id = :second) WHERE id = :first"
        session.execute(text(move), {"first": first, "second": second})

    rotation = key_rotation.rotate(database, NEW, COLUMN, progress=lambda *_: None)

    assert rotation == key_rotation.RotationResult(resealed=LETTERS, unreadable=(first,))
    with pytest.raises(DecryptionError):
        opened(database, NEW)
