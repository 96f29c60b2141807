"""A database is migrated while the previous release is running."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from checks.migration_rules import RuleBroken, migrate_by_rules
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.database.row_level_security import NO_TENANT
from shared_lib.database.schema_revision import does_database_serve, revision_of_database
from shared_lib.errors import MigrationRefused, Unavailable
from shared_lib_testing.postgres import PostgresServer, database_for, read_only_database
from sqlalchemy import text

ENV = """
from alembic import context
from shared_lib.database.migrations import run_env

run_env(context.config.attributes["connection"])
"""
FIRST = "CREATE TABLE parcel (id bigint PRIMARY KEY, street text); INSERT INTO parcel VALUES (1, 'Storgata')"

Write = Callable[..., Path]


def _nothing(_: str) -> None:
    """Starts with an empty database."""


@pytest.fixture
def dsn(postgres_server: PostgresServer) -> str:
    return database_for(postgres_server, "migrations", _nothing).owner


@pytest.fixture
def database(dsn: str) -> Iterator[Database]:
    database = Database.open(dsn, pool_size=1)
    yield database
    database.close()


@pytest.fixture
def release(tmp_path: Path) -> Write:
    """Writes the migrations of a release: `release("CREATE …", "ALTER …")` has the revisions 0001 and 0002."""

    def write(*revisions: str, head: str = "") -> Path:
        versions = tmp_path / str(len(revisions)) / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        (versions.parent / "env.py").write_text(ENV)
        for number, statement in enumerate(revisions, 1):
            body = statement if statement.startswith("    ") else f"    op.execute({statement!r})"
            last = head if number == len(revisions) else ""
            (versions / f"{number:04}_step.py").write_text(
                "from alembic import op\nfrom shared_lib.database.migrations import outside_transaction\n"
                f"revision = '{number:04}'\ndown_revision = {f'{number - 1:04}' if number > 1 else None!r}\n"
                f"{last}\ndef upgrade():\n{body}\n"
            )
        return versions.parent

    return write


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE parcel ADD COLUMN city text NOT NULL",
        "ALTER TABLE parcel ADD CONSTRAINT has_street CHECK (street > '')",
        "ALTER TABLE parcel ALTER COLUMN street SET NOT NULL",
        "ALTER TABLE parcel ALTER COLUMN id TYPE numeric",
        "ALTER TABLE parcel DROP COLUMN street",
        "ALTER TABLE parcel RENAME COLUMN street TO road",
        "CREATE INDEX parcel_street ON parcel (street)",
        "CREATE TABLE van (id bigint PRIMARY KEY); DROP TABLE parcel",
    ],
)
def test_what_locks_or_breaks_the_running_release_is_refused(
    database: Database, release: Write, statement: str
) -> None:
    migrate(database, release(FIRST), {})

    with pytest.raises(RuleBroken, match="Migration 0002"):
        migrate_by_rules(database, release(FIRST, statement), {})

    assert revision_of_database(database) == "0001"


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE parcel ADD COLUMN city text",
        "ALTER TABLE parcel ADD COLUMN city text NOT NULL DEFAULT 'Oslo'",
        "ALTER TABLE parcel ADD CONSTRAINT has_street CHECK (street > '') NOT VALID",
        "CREATE TABLE van (id bigint PRIMARY KEY, plate text NOT NULL); CREATE INDEX van_plate ON van (plate)",
        "    op.execute('CREATE TABLE van (plate text)')\n    op.execute('CREATE INDEX van_plate ON van (plate)')",
        "UPDATE parcel SET street = 'Torget' WHERE street LIKE 'Stor%'",
        "    with outside_transaction():\n        op.execute('CREATE INDEX CONCURRENTLY by_street ON parcel (street)')",
    ],
)
def test_what_only_adds_is_applied_and_the_previous_release_stays_ready(
    database: Database, release: Write, statement: str
) -> None:
    migrate(database, release(FIRST), {})

    migrate_by_rules(database, release(FIRST, statement), {})

    assert revision_of_database(database) == "0002"
    assert does_database_serve(database, "0001")
    assert does_database_serve(database, "0002")
    assert not does_database_serve(database, "0003")


def test_a_rule_is_accepted_by_name_and_older_code_is_no_longer_served(database: Database, release: Write) -> None:
    migrate(database, release(FIRST), {})
    head = "accepts = {'ban-drop-column': 'not read any more'}\noldest_code = '0002'\n"

    migrate_by_rules(database, release(FIRST, "ALTER TABLE parcel DROP COLUMN street", head=head), {})

    assert not does_database_serve(database, "0001")
    assert does_database_serve(database, "0002")


def test_a_migration_that_removes_something_must_name_the_oldest_code(database: Database, release: Write) -> None:
    migrate(database, release(FIRST), {})
    head = "accepts = {'ban-drop-column': 'not read any more'}\n"

    with pytest.raises(RuleBroken, match="oldest_code"):
        migrate_by_rules(database, release(FIRST, "ALTER TABLE parcel DROP COLUMN street", head=head), {})


def test_the_previous_release_may_be_rolled_out_again(database: Database, release: Write) -> None:
    migrate(database, release(FIRST, "CREATE TABLE van (id bigint PRIMARY KEY)"), {})

    assert migrate(database, release(FIRST), {}) == "0002"


def test_code_that_the_database_no_longer_serves_may_not_migrate_it(database: Database, release: Write) -> None:
    migrate(database, release(FIRST, "CREATE TABLE van (id bigint PRIMARY KEY)", head="oldest_code = '0002'\n"), {})

    with pytest.raises(MigrationRefused, match="0002"):
        migrate(database, release(FIRST), {})


def test_a_migration_gives_up_on_a_locked_table_and_leaves_no_queue_behind_it(
    database: Database, release: Write, dsn: str
) -> None:
    migrate(database, release(FIRST), {})
    with psycopg.connect(dsn) as reader:
        reader.execute("SELECT FROM parcel")
        with pytest.raises(Unavailable, match="55P03"):
            migrate(database, release(FIRST, "ALTER TABLE parcel ADD COLUMN city text"), {})

    assert migrate(database, release(FIRST, "ALTER TABLE parcel ADD COLUMN city text"), {}) == "0002"


def test_a_read_only_database_is_not_migrated_now(dsn: str, database: Database, release: Write) -> None:
    with read_only_database(dsn), pytest.raises(Unavailable, match="25006"):
        migrate(database, release(FIRST), {})


def test_two_deployments_at_once_migrate_one_after_the_other(database: Database, release: Write, dsn: str) -> None:
    revisions = release(FIRST, "CREATE TABLE van (id bigint PRIMARY KEY)")
    answers: list[str | None] = []

    def deploy() -> None:
        other = Database.open(dsn, pool_size=1)
        answers.append(migrate(other, revisions, {}))
        other.close()

    deployments = [threading.Thread(target=deploy) for _ in range(3)]
    for deployment in deployments:
        deployment.start()
    for deployment in deployments:
        deployment.join()

    assert answers == ["0002"] * 3
    with database.begin(NO_TENANT) as session:
        assert session.scalar(text("SELECT count(*) FROM parcel")) == 1
