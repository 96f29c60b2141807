"""What a piece of work costs the database, in statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """The statements that the driver is given inside the block, by whichever way, beside the beginnings and ends of
    transactions."""
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: psycopg.Cursor[Any], query: Any, *values: Any, **options: Any) -> psycopg.Cursor[Any]:
        if not str(query).startswith(("BEGIN", "SELECT set_config(", "COMMIT")):
            statements.append(str(query))
        return execute(cursor, query, *values, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        yield statements
