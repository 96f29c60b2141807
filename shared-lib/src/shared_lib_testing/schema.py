"""Schemas for tests: the tables of shared_lib in plain SQL, and a schema as the next release may leave it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.database.schema_revision import revision_of_code

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
