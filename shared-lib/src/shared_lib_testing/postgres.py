"""A real PostgreSQL 18 for tests: one server per session, databases copied from a migrated template.

With `-p shared_lib_testing.postgres` (pyproject.toml), a conftest has a session-wide fixture that answers
`database_for(postgres_server, "orchestrator", migrate)` and one per test that calls `truncate_all(addresses.owner)`.
The roles are those of the script that the setting `postgres_roles` names.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from shared_lib.database.row_level_security import ALL_TENANTS_SETTING

Migrate = Callable[[str], object]
"""Gets the address of an empty database, as its owner."""

KINDS = ("owner", "app", "read")
IMAGE = "postgres:18-bookworm"
_PASSWORD = "test"  # noqa: S105 - of servers that live as long as a test session
_HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """One database, as each of its three roles reaches it. The code under test is given `app`."""

    owner: str
    app: str
    read: str

    @property
    def everything(self) -> str:
        """For a look at the rows of all tenants."""
        separator = "&" if "?" in self.read else "?"
        return f"{self.read}{separator}options={quote(f'-c {ALL_TENANTS_SETTING}=test')}"


@dataclass(frozen=True)
class PostgresServer:
    """A running server, known by the address of its superuser; `roles` is the script that makes a database's roles."""

    superuser_dsn: str
    roles: str = ""
    templates: dict[tuple[str, Migrate], str] = field(default_factory=dict)

    def addresses(self, database: str, prefix: str) -> Addresses:
        """Of a database that `database_for` made."""
        return Addresses(**{kind: self.dsn(database, f"{prefix}_{kind}") for kind in KINDS})

    def dsn(self, database: str, role: str) -> str:
        parts = urlsplit(self.superuser_dsn)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(role)}:{_PASSWORD}@{place}", path=f"/{quote(database)}"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("postgres_roles", "the script that makes the roles of a database", type="paths")


@contextmanager
def running_server(roles: str = "") -> Iterator[PostgresServer]:
    """A server of our own, gone afterwards: embedded, or in a container with TEST_POSTGRES=testcontainers."""
    if os.environ.get("TEST_POSTGRES") == "testcontainers":
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - only where Docker is wanted

        with PostgresContainer(IMAGE, driver=None) as container:
            yield PostgresServer(container.get_connection_url(), roles)
        return
    from embedded_postgres import EmbeddedPostgres  # noqa: PLC0415 - pytest sets the path after it loads this plugin

    with (
        tempfile.TemporaryDirectory(prefix="pg-test-") as directory,
        EmbeddedPostgres(directory, settings=_HASTY) as server,
    ):
        yield PostgresServer(server.dsn("postgres"), roles)


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """The server of this test session."""
    (script,) = request.config.getini("postgres_roles")
    with running_server(script.read_text()) as server:
        yield server


def database_for(server: PostgresServer, name: str, migrate: Migrate, *, prefix: str | None = None) -> Addresses:
    """A new, migrated database with three roles, which are named after it unless told.

    `migrate` gets the address of an empty database, once per server and owner; later calls copy what it made.
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
    """Empty every table but those in `keep`, past triggers that forbid it, and start the sequences anew."""
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
        # Only a database without visitors can be copied, and a migration may have left its pool open.
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
        ensure_database(server.superuser_dsn, name, role=owner, password=_PASSWORD, template=template)
        connection.execute(SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(Identifier(owner)))
    parts = urlsplit(server.superuser_dsn)
    inside = urlunsplit(parts._replace(path=f"/{quote(name)}"))
    run_roles(inside, server.roles, {f"{prefix}_{kind}": _PASSWORD for kind in KINDS}, prefix=prefix)


def contents_of(dsn: str) -> dict[str, list[str]]:
    """Every row of every table as text, as `COPY` would write it: to see that nothing has changed, or what is kept."""
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
