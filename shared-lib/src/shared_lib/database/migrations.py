"""Migrates a database to the newest schema: one deployment at a time, never waiting long for a lock."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog
from alembic import command, context, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, exc, text

from shared_lib.errors import MigrationRefused

from . import roles
from .engine import TENANT_SCOPE, Database
from .row_level_security import all_tenants
from .schema_revision import FLOOR, Schema, schema_in
from .trouble import trouble_of, unavailable

log = structlog.get_logger(__name__)

LOCK = 7_204_915_026
"""The key of pg_advisory_lock: two deployments at once migrate one after the other."""

_LOCK_TIMEOUT = text("SET lock_timeout = '1s'")


def migrate(
    database: Database, migrations: Path, privileges: Mapping[str, str], *, target: str | None = None
) -> str | None:
    """Apply the missing revisions of the alembic directory `migrations`; returns the revision of the database then.

    Every revision is a transaction. One that cannot get its locks within 1 s raises Unavailable and leaves the database
    as it was; try again. Raises MigrationRefused for a database that no longer serves this code. On a database that is
    ahead by revisions which only added it does nothing: an older release may be rolled out again. `target` stops at a
    revision. That a revision neither locks nor breaks the running release is checked in tests
    (`deploy/checks/migration_rules.py`).

    `database` is connected as the owner of the tables, who at the newest revision grants the other roles exactly these
    `privileges` (`roles.grant_privileges`).
    """
    config = _config(migrations)
    directory = ScriptDirectory.from_config(config)
    try:
        connecting = database.engine.connect().execution_options(**{TENANT_SCOPE: all_tenants("migration")})
        with connecting as connection, _alone(connection):
            config.attributes["connection"] = connection
            before = schema_in(connection)
            connection.commit()
            for revision in _missing(directory, before, target):
                _apply(connection, config, revision)
            after = schema_in(connection)
            if after is not None and after.revision == directory.get_current_head():
                roles.grant_privileges(connection, privileges)
                connection.commit()
    except exc.DBAPIError as error:
        if trouble_of(error.orig) is None:
            raise
        raise unavailable(error.orig) from error
    return after.revision if after else None


@contextmanager
def outside_transaction() -> Iterator[None]:
    """In a migration, for CREATE or DROP INDEX CONCURRENTLY: it may wait for statements that do not wait for it.

    An interrupted build leaves an invalid index, so drop it first: DROP INDEX CONCURRENTLY IF EXISTS.
    """
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        yield
        op.execute("SET lock_timeout = '1s'")


def run_env(connection: Connection) -> None:
    """Run the chosen revision in a transaction; called by a service's migrations/env.py."""
    context.configure(
        connection=connection,
        transactional_ddl=True,
        on_version_apply=lambda ctx, step, heads, run_args: _write_floor(ctx, step),
    )
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """No other deployment migrates this database inside the block."""
    connection.execute(text("SET statement_timeout = 0; SET lock_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
    connection.execute(_LOCK_TIMEOUT)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()


def _missing(directory: ScriptDirectory, schema: Schema | None, target: str | None) -> list[Script]:
    newest = directory.get_current_head()
    if schema is not None and schema.revision not in {script.revision for script in directory.walk_revisions()}:
        if not schema.serves(newest):
            raise MigrationRefused(f"The database is at {schema.revision}, which serves code from {schema.floor} only.")
        return []
    upwards = directory.iterate_revisions(target or "head", schema.revision if schema else "base")
    return list(reversed(list(upwards)))


def _apply(connection: Connection, config: Config, revision: Script) -> None:
    command.upgrade(config, revision.revision)
    connection.commit()
    log.info("database.migrated", revision=revision.revision)


def _write_floor(ctx: MigrationContext, step: MigrationInfo) -> None:
    """Called in the transaction of the revision, for every one of them."""
    oldest_code = getattr(getattr(step.up_revision, "module", None), "oldest_code", None)
    if oldest_code is not None and ctx.connection is not None:
        ctx.connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{FLOOR}{oldest_code}'"))


def _config(migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config
