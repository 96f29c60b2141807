"""A million rows in less than a minute: indexes and keys are built once over all of them, not row by row."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.sql import SQL, Identifier


@contextmanager
def without_indexes(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """The table without its keys, indexes and whatever refers to it; afterwards all of that is there again."""
    keys = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = to_regclass(%s) AND contype IN ('f', 'p', 'u') ORDER BY contype DESC",
        [table],
    ).fetchall()
    referring = connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE confrelid = to_regclass(%s) AND contype = 'f'",
        [table],
    ).fetchall()
    for other, name, _ in referring:
        connection.execute(SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(Identifier(other), Identifier(name)))
    for name, _ in keys:
        connection.execute(SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(Identifier(table), Identifier(name)))
    indexes = connection.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s", [table]).fetchall()
    for name, _ in indexes:
        connection.execute(SQL("DROP INDEX {}").format(Identifier(name)))
    yield
    for _, definition in indexes:
        connection.execute(definition)
    for name, definition in keys:
        _add(connection, table, name, definition)
    for other, name, definition in referring:
        _add(connection, other, name, definition)


def settle(connection: psycopg.Connection, *tables: str) -> None:
    """What autovacuum would have done in the years in which so many rows come together. Commits."""
    connection.commit()
    connection.autocommit = True
    for table in tables:
        connection.execute(SQL("VACUUM ANALYZE {}").format(Identifier(table)))
    connection.autocommit = False


def _add(connection: psycopg.Connection, table: str, name: str, definition: str) -> None:
    """`definition` is the database's own."""
    beginning = SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(Identifier(table), Identifier(name))
    connection.execute(beginning.as_string(connection) + definition)
