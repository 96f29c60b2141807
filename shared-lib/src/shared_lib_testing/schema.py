"""Schemas for tests: the tables of shared_lib in plain SQL, and a schema as the next release may leave it."""

import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.sql import SQL, Identifier
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.database.schema_revision import revision_of_code
from sqlalchemy import MetaData

SHARED_TABLES = Path(__file__).with_name("schema.sql")
NEXT = "9000"
_STEP = """
from alembic import op
from sqlalchemy import text

revision = "9000"
down_revision = {newest!r}


def upgrade():
    names = op.get_bind().scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
    for name in names:
        if name != "alembic_version":
            op.execute(f"ALTER TABLE {{name}} ADD COLUMN added_later text, ADD COLUMN counted_later int DEFAULT 0")
    op.execute("CREATE TABLE made_later (id bigint PRIMARY KEY)")
"""

UNREADABLE = ("infinity", "-infinity", "0001-01-01", "0001-01-01 BC", "9999-12-31 23:59-05", "1999-12-31", "2100-01-02")
"""Moments that no list could show."""
_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type LIKE 'timestamp%%' AND table_name <> ALL (%s)
"""
_REQUIRED = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnotnull AND attnum > 0"


def create_shared_tables(owner_dsn: str) -> None:
    """Create the audit log, the idempotency keys and the outbox in an empty database. Commits."""
    with psycopg.connect(owner_dsn) as connection:
        connection.execute(SHARED_TABLES.read_bytes())


def migrate_ahead(dsn: str, migrations: Path, privileges: Mapping[str, str], scratch: Path) -> None:
    """Apply all revisions, and then one more that adds columns to every table and a table. Commits.

    `scratch` is an empty directory for a copy of the migrations.
    """
    database = Database.open(dsn, pool_size=1)
    ahead = Path(shutil.copytree(migrations, scratch / "migrations", ignore=shutil.ignore_patterns("__pycache__")))
    (ahead / "versions" / f"{NEXT}_next.py").write_text(_STEP.format(newest=revision_of_code(migrations)))
    migrate(database, ahead, privileges)
    database.close()


def different_columns(database: Database, *tables: MetaData) -> list[Any]:
    """Where the columns of these tables differ from those of the database; there should be none."""

    def is_compared(_: object, __: object, kind: str, is_in_database: bool, counterpart: object) -> bool:
        return kind == "column" or (kind == "table" and not (is_in_database and counterpart is None))

    options = {"compare_type": True, "include_object": is_compared}
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return [difference for described in tables for difference in compare_metadata(context, described)]


def columns_accepting_unreadable_moments(dsn: str, *, besides: Collection[str]) -> list[str]:
    """`table.column moment` for each that a copy of the table accepts, of all tables `besides` these. As the owner."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(_COLUMNS, (list(besides),)).fetchall()
    return [
        f"{table}.{column} {moment}"
        for table, column in found
        for moment in accepted_values(dsn, table, column, UNREADABLE)
    ]


def accepted_values(dsn: str, table: str, column: str, values: Collection[str]) -> list[str]:
    """Those of the values that pass the table's checks, tried on a copy in which all other columns are null."""
    with psycopg.connect(dsn) as connection:
        copy = SQL("CREATE TEMP TABLE probe (LIKE {} INCLUDING CONSTRAINTS)").format(Identifier(table))
        connection.execute(copy)
        for (name,) in connection.execute(_REQUIRED, ("probe",)).fetchall():
            connection.execute(SQL("ALTER TABLE probe ALTER COLUMN {} DROP NOT NULL").format(Identifier(name)))
        accepted = []
        for value in values:
            with suppress(psycopg.errors.CheckViolation), connection.transaction():
                connection.execute(SQL("INSERT INTO probe ({}) VALUES (%s)").format(Identifier(column)), (value,))
                accepted.append(value)
        return accepted
