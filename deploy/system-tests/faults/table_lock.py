"""Locks all tables of a database against every other session."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

ATTEMPTS = 20


@contextmanager
def locked(dsn: str, tables: Sequence[str] | None = None) -> Iterator[None]:
    """ACCESS EXCLUSIVE on these tables, or on all there are, until the end of the block."""
    with psycopg.connect(dsn) as connection:
        _lock(connection, tables or all_tables(connection))
        yield
        connection.rollback()


def _lock(connection: psycopg.Connection[tuple[str, ...]], tables: Sequence[str]) -> None:
    """Among busy clients we may be the one whom a deadlock is resolved against: then once more from the start."""
    for _ in range(ATTEMPTS):
        try:
            connection.execute("SET lock_timeout = '5s'")
            for table in tables:
                connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
            connection.rollback()
        else:
            return
    raise RuntimeError("the tables could not be locked")


def all_tables(connection: psycopg.Connection[tuple[str, ...]]) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [str(row[0]) for row in found]
