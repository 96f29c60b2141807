"""Bringing a database to the newest schema: one at a time, and never waiting long for a lock."""

from pathlib import Path

import structlog
from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, text

from .database import Database
from .schema import revision_of_database

log = structlog.get_logger(__name__)

LOCK = 7_204_915_026
"""Of pg_advisory_lock: two deployments at once migrate one after the other."""


def migrate(database: Database, migrations: Path) -> str | None:
    """Apply what is missing from the alembic directory `migrations`; answers the revision then in force.

    A migration that cannot get its locks within 1 s fails and leaves the database as it was.
    """
    with database.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0; SET lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.execute(text("SET lock_timeout = '1s'"))
        connection.commit()
        try:
            config = _config(migrations)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()
    return revision_of_database(database)


def run_env(connection: Connection) -> None:
    """What a service's migrations/env.py calls: run the chosen revisions in one transaction."""
    context.configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config
