"""What a piece of work costs the database, in statements and in journeys."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from shared_lib.exchange import Exchange, Question, Reply


class Statement(str):
    """A statement as it was given, with its values."""

    __slots__ = ("values",)
    values: Any


@contextmanager
def counted_queries() -> Iterator[list[Statement]]:
    """The statements that are sent inside the block, by whichever way, beside the beginnings and ends of
    transactions."""
    statements: list[Statement] = []
    around = ("BEGIN", "SELECT set_config(", "COMMIT")
    with _heard(lambda journey: statements.extend(one for one in journey if not one.startswith(around))):
        yield statements


@contextmanager
def counted_journeys() -> Iterator[list[Sequence[Statement]]]:
    """Each time something goes to the database and is waited for: the statements that went together."""
    journeys: list[Sequence[Statement]] = []
    with _heard(journeys.append):
        yield journeys


@contextmanager
def _heard(hear: Callable[[Sequence[Statement]], object]) -> Iterator[None]:
    """`hear` is told of every journey before it begins."""
    execute, ask = psycopg.Cursor.execute, Exchange.ask

    def heard_execute(cursor: psycopg.Cursor[Any], query: Any, *more: Any, **options: Any) -> psycopg.Cursor[Any]:
        hear([_statement(query, more[0] if more else None)])
        return execute(cursor, query, *more, **options)

    def heard_ask(exchange: Exchange, questions: Sequence[Question], **options: Any) -> list[Reply]:
        hear([_statement(*question) for question in questions])
        return ask(exchange, questions, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", heard_execute)
        patch.setattr(Exchange, "ask", heard_ask)
        yield


def _statement(query: Any, values: Any) -> Statement:
    statement = Statement(query)
    statement.values = values
    return statement
