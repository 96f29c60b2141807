"""Row-level security as the database enforces it: which rows a tenant sees and changes."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from shared_lib.database.row_level_security import NO_TENANT, TenantScope

from .postgres import Addresses

TABLES_WITHOUT_TENANT = ("alembic_version", "outbox_worker")
"""Tables whose rows belong to no tenant."""

_INSERT = SQL("INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{}, %s::jsonb)")


def tables_of(addresses: Addresses) -> list[str]:
    """The names of all tables, sorted."""
    with psycopg.connect(addresses.owner) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [name for (name,) in found]


def visible_rows(
    addresses: Addresses, scope: TenantScope = NO_TENANT, *, ignored: Collection[str] = TABLES_WITHOUT_TENANT
) -> dict[str, int]:
    """How many rows of each table the app role sees; tables without any are left out."""
    counts = {}
    with _as_app(addresses, scope) as connection:
        for table in tables_of(addresses):
            row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table))).fetchone()
            if table not in ignored and row and row[0]:
                counts[table] = int(row[0])
    return counts


def tables_accepting(addresses: Addresses, scope: TenantScope, *, rows_of: TenantScope) -> list[str]:
    """Tables that accept a row of the tenant `rows_of` in a transaction of `scope`; there should be none.

    An existing row is inserted again: row-level security is checked before every other constraint. Tables that the app
    role may not write to are left out.
    """
    accepting = []
    for table, row in _sample_rows(addresses, rows_of).items():
        name = Identifier(table)
        with _as_app(addresses, scope) as connection:
            try:
                connection.execute(_INSERT.format(name, name), [row])
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.errors.IntegrityError:
                pass
            accepting.append(table)
    return accepting


def deleted_rows(addresses: Addresses, scope: TenantScope, grants: Mapping[str, str]) -> dict[str, int]:
    """How many rows a DELETE without a condition affects, by table that the app role may delete from. Rolls back."""
    counts = {}
    for table, privileges in grants.items():
        if "DELETE" in privileges and table not in TABLES_WITHOUT_TENANT:
            with _as_app(addresses, scope) as connection:
                counts[table] = connection.execute(SQL("DELETE FROM {}").format(Identifier(table))).rowcount
    return counts


def privileges_of(addresses: Addresses, role: str) -> dict[str, set[str]]:
    """The privileges of a role ("app", "read") by table, from the catalogue."""
    with psycopg.connect(addresses.owner) as connection:
        found = connection.execute(
            "SELECT relname, array_agg(privilege_type) FROM pg_class, aclexplode(relacl) "
            "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND grantee = (SELECT replace(current_user, '_owner', '_' || %s))::regrole GROUP BY relname",
            [role],
        )
        return {table: set(privileges) for table, privileges in found}


def declared_privileges(grants: Mapping[str, str]) -> dict[str, set[str]]:
    """`GRANTS` of a service in the shape of `privileges_of`."""
    return {table: set(privileges.split(", ")) for table, privileges in grants.items()}


def _sample_rows(addresses: Addresses, scope: TenantScope) -> dict[str, str]:
    samples = {}
    with _as_app(addresses, scope) as connection:
        for table in tables_of(addresses):
            query = SQL("SELECT to_jsonb(t)::text FROM {} AS t LIMIT 1").format(Identifier(table))
            if table not in TABLES_WITHOUT_TENANT and (row := connection.execute(query).fetchone()):
                samples[table] = str(row[0])
    return samples


@contextmanager
def _as_app(addresses: Addresses, scope: TenantScope) -> Iterator[psycopg.Connection[TupleRow]]:
    """A transaction of the app role within the scope; it is rolled back at the end."""
    with psycopg.connect(addresses.app) as connection:
        for name, value in scope.settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield connection
        connection.rollback()
