"""A database's walls from inside: who sees which rows, who may do what. Tables come from the catalogue."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier
from shared_lib.database.row_level_security import NO_TENANT, TenantScope

from .postgres import Addresses

TENANTLESS = ("alembic_version", "outbox_worker")
"""Tables whose rows belong to no tenant."""

_INSERT = SQL("INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::{}, %s::jsonb)")


def tables_of(addresses: Addresses) -> list[str]:
    with psycopg.connect(addresses.owner) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [name for (name,) in found]


def visible(
    addresses: Addresses, reach: TenantScope = NO_TENANT, *, beside: Collection[str] = TENANTLESS
) -> dict[str, int]:
    """How many rows of each table the app role sees; tables without any are left out."""
    counts = {}
    with _as_app(addresses, reach) as connection:
        for table in tables_of(addresses):
            row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table))).fetchone()
            if table not in beside and row and row[0]:
                counts[table] = int(row[0])
    return counts


def accepted(addresses: Addresses, inside: TenantScope, *, rows_of: TenantScope) -> list[str]:
    """Tables that take a row of `rows_of` from a transaction that reaches `inside` alone; there should be none.

    Each is tried with a row that is there already: a wall comes before every other constraint. Tables that the app role
    may not write to are no matter.
    """
    taken = []
    for table, row in _samples(addresses, rows_of).items():
        name = Identifier(table)
        with _as_app(addresses, inside) as connection:
            try:
                connection.execute(_INSERT.format(name, name), [row])
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.errors.IntegrityError:
                pass
            taken.append(table)
    return taken


def changed(addresses: Addresses, inside: TenantScope, grants: Mapping[str, str]) -> dict[str, int]:
    """How many rows of each table that the app role may delete go when it deletes everything; it is taken back."""
    gone = {}
    for table, privileges in grants.items():
        if "DELETE" in privileges and table not in TENANTLESS:
            with _as_app(addresses, inside) as connection:
                gone[table] = connection.execute(SQL("DELETE FROM {}").format(Identifier(table))).rowcount
                connection.rollback()
    return gone


def privileges_of(addresses: Addresses, role: str) -> dict[str, set[str]]:
    """What the catalogue says that a role may do with each table ("app", "read")."""
    with psycopg.connect(addresses.owner) as connection:
        found = connection.execute(
            "SELECT relname, array_agg(privilege_type) FROM pg_class, aclexplode(relacl) "
            "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND grantee = (SELECT replace(current_user, '_owner', '_' || %s))::regrole GROUP BY relname",
            [role],
        )
        return {table: set(privileges) for table, privileges in found}


def _samples(addresses: Addresses, reach: TenantScope) -> dict[str, str]:
    samples = {}
    with _as_app(addresses, reach) as connection:
        for table in tables_of(addresses):
            query = SQL("SELECT to_jsonb(t)::text FROM {} AS t LIMIT 1").format(Identifier(table))
            if table not in TENANTLESS and (row := connection.execute(query).fetchone()):
                samples[table] = str(row[0])
    return samples


@contextmanager
def _as_app(addresses: Addresses, reach: TenantScope) -> Iterator[psycopg.Connection[TupleRow]]:
    with psycopg.connect(addresses.app) as connection:
        for name, value in reach.settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield connection
        connection.rollback()


def declared(grants: Mapping[str, Any]) -> dict[str, set[str]]:
    """`GRANTS` of a service in the shape of `privileges_of`."""
    return {table: set(privileges.split(", ")) for table, privileges in grants.items()}
