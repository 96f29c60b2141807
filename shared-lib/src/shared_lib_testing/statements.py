"""What a piece of work costs the database, in statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


class Statement(str):
    """A statement as it was given to the driver, with its values."""

    __slots__ = ("values",)
    values: Any


@contextmanager
def counted_queries() -> Iterator[list[Statement]]:
    """The statements that are sent inside the block, without the settings of each transaction's begin."""
    statements: list[Statement] = []

    def record(_: Any, __: Any, text: str, values: Any, *___: Any) -> None:
        if not text.startswith("SELECT set_config("):
            statements.append(statement_of(text, values))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


def statement_of(text: str, values: Any) -> Statement:
    statement = Statement(text)
    statement.values = values
    return statement
