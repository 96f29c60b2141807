"""Rotating the key of sealed texts: in batches that hold, as often as it takes."""

import signal
from collections.abc import Iterator

import pytest
from shared_lib import sealing
from shared_lib.database import Database
from shared_lib.tenancy import across
from shared_lib.testing.postgres import Addresses, PostgresServer, database_for, truncate_all
from shared_lib.vault import Unreadable, Vault
from sqlalchemy import text

COLUMN = sealing.SealedColumn(table="letter", sealed="sealed", key_id="key_id", plain="plain")
OLD = Vault(current="old", keys={"old": b"o" * 32})
NEW = Vault(current="new", keys={**OLD.keys, "new": b"n" * 32})
NEW_ALONE = Vault(current="new", keys={"new": b"n" * 32})
LETTERS = 2 * sealing.BATCH + 50


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
    with database.begin(across("test")) as session:
        ids = session.scalars(text(f"SELECT gen_random_uuid()::text FROM generate_series(1, {LETTERS})")).all()  # noqa: S608
        rows = [dict(zip(("key_id", "sealed"), OLD.seal(row_id, f"to {row_id}"), strict=True)) for row_id in ids]
        session.execute(
            text("INSERT INTO letter VALUES (:id, :key_id, :sealed)"),
            [{"id": row_id, **row} for row_id, row in zip(ids, rows, strict=True)],
        )
        session.execute(text("INSERT INTO letter (id) VALUES (gen_random_uuid())"))
        session.execute(text("INSERT INTO letter (id, plain) SELECT id, 'to ' || id FROM gen_random_uuid() AS id"))
    yield database
    database.close()


def opened(database: Database, vault: Vault) -> list[bool]:
    """For each letter with a text, whether it is the one that was sealed for it."""
    with database.begin(across("test")) as session:
        rows = session.execute(text("SELECT * FROM letter WHERE sealed IS NOT NULL")).all()
    return [vault.open(str(row.id), row.key_id, row.sealed) == f"to {row.id}" for row in rows]


def test_a_rotation_that_is_broken_off_goes_on_where_it_was(database: Database) -> None:
    def break_off(done: int, _: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sealing.rotate(database, NEW, COLUMN, progress=break_off)
    heard: list[tuple[int, int]] = []
    rest = sealing.rotate(database, NEW, COLUMN, progress=lambda *how_far: heard.append(how_far))
    nothing = sealing.rotate(database, NEW, COLUMN, progress=lambda *_: None)

    assert rest == sealing.Rotation(resealed=LETTERS + 1 - sealing.BATCH, unreadable=())
    assert heard[0] == (0, rest.resealed)
    assert heard[-1] == (rest.resealed, rest.resealed)
    assert nothing == sealing.Rotation(resealed=0, unreadable=())
    assert opened(database, NEW_ALONE) == [True] * (LETTERS + 1)
    with database.begin(across("test")) as session:
        assert session.scalar(text("SELECT count(plain) FROM letter")) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_that_it_was_broken_off(
    database: Database, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    class Signalled(Vault):
        def seal(self, row_id: str, text: str) -> tuple[str, bytes]:
            signal.raise_signal(number)
            return super().seal(row_id, text)

    assert sealing.run(database, Signalled(current="new", keys=NEW.keys), COLUMN) == 130

    assert capsys.readouterr().out.startswith("Interrupted; begin again")
    assert sealing.run(database, NEW, COLUMN) == 0


def test_what_does_not_open_is_named_and_stays(database: Database) -> None:
    with database.begin(across("test")) as session:
        first, second = session.scalars(text("SELECT id::text FROM letter WHERE sealed IS NOT NULL LIMIT 2")).all()
        move = "UPDATE letter SET sealed = (SELECT sealed FROM letter WHERE id = :second) WHERE id = :first"
        session.execute(text(move), {"first": first, "second": second})

    rotation = sealing.rotate(database, NEW, COLUMN, progress=lambda *_: None)

    assert rotation == sealing.Rotation(resealed=LETTERS, unreadable=(first,))
    with pytest.raises(Unreadable):
        opened(database, NEW)
