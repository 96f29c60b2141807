"""A real PostgreSQL 18 for tests: one server per session, databases copied from a migrated template.

It is a pytest plugin (`-p shared_lib_testing.postgres`). A conftest has a session-wide fixture that returns
`database_for(postgres_server, "orchestrator", migrate)` and one per test that calls `truncate_all(addresses.owner)`.
The setting `postgres_roles` names the script that creates the roles.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.sql import SQL, Composed, Identifier
from shared_lib.database.row_level_security import ALL_TENANTS_SETTING

Migrate = Callable[[str], object]
"""Is called with the owner's address of an empty database."""

KINDS = ("owner", "app", "read")
IMAGE = "postgres:18-bookworm"
_PASSWORD = "test"  # noqa: S105 - of servers that live as long as a test session
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The addresses of one database by role. The code under test uses `app`."""

    owner: str
    app: str
    read: str

    @property
    def everything(self) -> str:
        """The address with which a test reads the rows of all tenants."""
        return within_all_tenants(self.read)


def within_all_tenants(dsn: str) -> str:
    """The same address for a connection that sees and writes the rows of all tenants."""
    separator = "&" if "?" in dsn else "?"
    return f"{dsn}{separator}options={quote(f'-c {ALL_TENANTS_SETTING}=test')}"


@dataclass(frozen=True)
class PostgresServer:
    """A running server, by the address of its superuser; `roles` is the script that creates a database's roles."""

    superuser_dsn: str
    roles: str = ""
    templates: dict[tuple[str, Migrate], str] = field(default_factory=dict)

    def addresses(self, database: str, prefix: str) -> Addresses:
        """The addresses of a database that `database_for` created."""
        return Addresses(**{kind: self.dsn(database, f"{prefix}_{kind}") for kind in KINDS})

    def dsn(self, database: str, role: str) -> str:
        """The address of a database for a role."""
        parts = urlsplit(self.superuser_dsn)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(role)}:{_PASSWORD}@{place}", path=f"/{quote(database)}"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("postgres_roles", "the script that creates the roles of a database", type="paths")


@contextmanager
def running_server(roles: str = "") -> Iterator[PostgresServer]:
    """A new server that ends with the block: embedded, or in a container with TEST_POSTGRES=testcontainers."""
    if os.environ.get("TEST_POSTGRES") == "testcontainers":
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - only where Docker is wanted

        with PostgresContainer(IMAGE, driver=None) as container:
            yield PostgresServer(container.get_connection_url(), roles)
        return
    from embedded_postgres import EmbeddedPostgres  # noqa: PLC0415 - pytest sets the path after it loads this plugin

    with (
        tempfile.TemporaryDirectory(prefix="pg-test-") as directory,
        EmbeddedPostgres(directory, settings=_NOT_DURABLE) as server,
    ):
        yield PostgresServer(server.dsn("postgres"), roles)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """The server of this test session."""
    (script,) = request.config.getini("postgres_roles")
    with running_server(script.read_text()) as server:
        yield server


def database_for(server: PostgresServer, name: str, migrate: Migrate, *, prefix: str | None = None) -> Addresses:
    """A new, migrated database with three roles, whose names begin with `prefix` (by default with the name).

    `migrate` is called once per server and prefix; later calls copy the database that it migrated.
    """
    prefix = prefix or name
    template = server.templates.get((prefix, migrate))
    if template is None:
        template = f"{prefix}_template_{len(server.templates)}"
        _create(server, template, prefix)
        migrate(server.addresses(template, prefix).owner)
        server.templates[prefix, migrate] = template
    _create(server, name, prefix, template=template)
    return server.addresses(name, prefix)


def truncate_all(owner_dsn: str, *, keep: tuple[str, ...] = ("alembic_version",)) -> None:
    """Empty every table except those in `keep`, without firing triggers, and restart the sequences. Commits."""
    with psycopg.connect(owner_dsn) as connection:
        connection.execute("SET LOCAL lock_timeout = '10s'; SET LOCAL session_replication_role = 'replica'")
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> ALL (%s)",
            [list(keep)],
        ).fetchall()
        if tables:
            names = SQL(", ").join(Identifier(*table) for table in tables)
            connection.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))


def _create(server: PostgresServer, name: str, prefix: str, *, template: str = "template1") -> None:
    from embedded_postgres.databases import ensure_database, run_roles  # noqa: PLC0415 - as above

    owner = f"{prefix}_owner"
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        # Only a database without connections can be copied, and a migration may have left its pool open.
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
        ensure_database(server.superuser_dsn, name, role=owner, password=_PASSWORD, template=template)
        connection.execute(SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(Identifier(owner)))
    parts = urlsplit(server.superuser_dsn)
    inside = urlunsplit(parts._replace(path=f"/{quote(name)}"))
    run_roles(inside, server.roles, {f"{prefix}_{kind}": _PASSWORD for kind in KINDS}, prefix=prefix)


@contextmanager
def read_only_database(owner_dsn: str) -> Iterator[None]:
    """Within the block new sessions of the database are read-only, and stay so as long as they live."""
    name = Identifier(urlsplit(owner_dsn).path.removeprefix("/"))
    setting = SQL("ALTER DATABASE {} {} default_transaction_read_only {}")
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute(setting.format(name, SQL("SET"), SQL("= on")))
        try:
            yield
        finally:
            connection.execute(setting.format(name, SQL("RESET"), SQL("")))


def contents_of(dsn: str) -> dict[str, list[str]]:
    """Every row of every table as text, by table: to compare, or to search what is stored."""
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
        ).fetchall()
        return {
            ".".join(table): sorted(
                row for (row,) in connection.execute(SQL("SELECT t::text FROM {} AS t").format(Identifier(*table)))
            )
            for table in tables
        }


@contextmanager
def without_indexes(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Within the block the table has no keys, indexes and references to it, so that a million rows load in seconds."""
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid), conrelid::regclass::text FROM pg_constraint"
        " WHERE conrelid = to_regclass(%s) AND contype IN ('f', 'p', 'u') ORDER BY contype DESC",
        [table],
    ).fetchall()
    references = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid), conrelid::regclass::text FROM pg_constraint"
        " WHERE confrelid = to_regclass(%s) AND contype = 'f'",
        [table],
    ).fetchall()
    indexes_query = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
    for name, _, owner in [*references, *keys]:
        connection.execute(_alter(owner) + SQL("DROP CONSTRAINT {}").format(Identifier(name)))
    indexes = connection.execute(indexes_query, [table]).fetchall()
    for name, _ in indexes:
        connection.execute(SQL("DROP INDEX {}").format(Identifier(name)))
    yield
    for _, definition in indexes:
        connection.execute(definition)
    for name, definition, owner in [*keys, *references]:
        addition = _alter(owner) + SQL("ADD CONSTRAINT {} ").format(Identifier(name))
        connection.execute(addition.as_string(connection) + definition)


def vacuum_analyze(connection: psycopg.Connection, *tables: str) -> None:
    """Do at once what autovacuum would do after so many rows. Commits."""
    connection.commit()
    connection.autocommit = True
    for table in tables:
        connection.execute(SQL("VACUUM ANALYZE {}").format(Identifier(table)))
    connection.autocommit = False


def _alter(table: str) -> Composed:
    return SQL("ALTER TABLE {} ").format(Identifier(table))
