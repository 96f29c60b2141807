"""Holds tables of a database so that nobody else gets at them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql


@contextmanager
def locked(dsn: str, tables: Sequence[str] | None = None) -> Iterator[None]:
    """ACCESS EXCLUSIVE on these tables, or on all there are, until the end of the block."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET lock_timeout = '5s'")
        for table in tables or all_tables(connection):
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        yield
        connection.rollback()


def all_tables(connection: psycopg.Connection[tuple[str, ...]]) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [str(row[0]) for row in found]
