"""What a piece of work costs the database, in statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.pq import PipelineStatus


class Statement(str):
    """A statement as the driver was given it, with its values."""

    __slots__ = ("values",)
    values: Any


@contextmanager
def counted_queries() -> Iterator[list[Statement]]:
    """The statements that the driver is given inside the block, by whichever way, beside the beginnings and ends of
    transactions."""
    statements: list[Statement] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: psycopg.Cursor[Any], query: Any, *values: Any, **options: Any) -> psycopg.Cursor[Any]:
        if not str(query).startswith(("BEGIN", "SELECT set_config(", "COMMIT")):
            statement = Statement(query)
            statement.values = values[0] if values else None
            statements.append(statement)
        return execute(cursor, query, *values, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        yield statements


@contextmanager
def counted_journeys() -> Iterator[list[str]]:
    """Each time something goes to the database and is waited for: a pipeline, or a statement outside of one."""
    journeys: list[str] = []
    execute, pipeline = psycopg.Cursor.execute, psycopg.Connection.pipeline

    def counted(cursor: psycopg.Cursor[Any], *given: Any, **options: Any) -> psycopg.Cursor[Any]:
        if cursor.connection.pgconn.pipeline_status == PipelineStatus.OFF:
            journeys.append("statement")
        return execute(cursor, *given, **options)

    def counted_pipeline(connection: psycopg.Connection[Any]) -> Any:
        journeys.append("pipeline")
        return pipeline(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        patch.setattr(psycopg.Connection, "pipeline", counted_pipeline)
        yield journeys
