"""A real PostgreSQL 18 for tests: one server per session, databases copied from a migrated template.

With `-p shared_lib.testing.postgres` (pyproject.toml), a conftest has a session-wide fixture that answers
`database_for(postgres_server, "orchestrator", migrate)` and one per test that calls `truncate_all(dsn)`.
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

from shared_lib.embedded import EmbeddedPostgres
from shared_lib.embedded.databases import ensure_database

Migrate = Callable[[str], object]
IMAGE = "postgres:18-bookworm"
_PASSWORD = "test"  # noqa: S105 - of servers that live as long as a test session
_HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresServer:
    """A running server, known by the address of its superuser."""

    superuser_dsn: str
    templates: dict[tuple[str, Migrate], str] = field(default_factory=dict)

    def dsn(self, database: str, role: str) -> str:
        """The address of a database that `database_for` made."""
        parts = urlsplit(self.superuser_dsn)
        place = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{quote(role)}:{_PASSWORD}@{place}", path=f"/{quote(database)}"))


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server of our own, gone afterwards: embedded, or in a container with TEST_POSTGRES=testcontainers."""
    if os.environ.get("TEST_POSTGRES") == "testcontainers":
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - only where Docker is wanted

        with PostgresContainer(IMAGE, driver=None) as container:
            yield PostgresServer(container.get_connection_url())
        return
    with (
        tempfile.TemporaryDirectory(prefix="pg-test-") as directory,
        EmbeddedPostgres(directory, settings=_HASTY) as server,
    ):
        yield PostgresServer(server.dsn("postgres"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this test session."""
    with running_server() as server:
        yield server


def database_for(server: PostgresServer, name: str, migrate: Migrate, *, role: str | None = None) -> str:
    """The address of a new, migrated database, owned by an ordinary role, which is named like it unless told.

    `migrate` gets the address of an empty database, once per server and role; later calls copy what it made.
    """
    role = role or name
    template = server.templates.get((role, migrate))
    if template is None:
        template = f"{role}_template_{len(server.templates)}"
        _create(server, template, role)
        migrate(server.dsn(template, role))
        server.templates[role, migrate] = template
    _create(server, name, role, template=template)
    return server.dsn(name, role)


def truncate_all(dsn: str, *, keep: tuple[str, ...] = ("alembic_version",)) -> None:
    """Empty every table but those in `keep`, past triggers that forbid it, and start the sequences anew."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET LOCAL lock_timeout = '10s'; SET LOCAL session_replication_role = 'replica'")
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> ALL (%s)",
            [list(keep)],
        ).fetchall()
        if tables:
            names = SQL(", ").join(Identifier(*table) for table in tables)
            connection.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))


def _create(server: PostgresServer, name: str, role: str, *, template: str = "template1") -> None:
    with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        # Only a database without visitors can be copied, and a migration may have left its pool open.
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
        ensure_database(server.superuser_dsn, name, role=role, password=_PASSWORD, template=template)
        connection.execute(SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(Identifier(role)))


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
