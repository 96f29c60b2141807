"""The statements of one connection: as libpq takes them, and which of them are prepared."""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg

PREPARED_FROM = 2
"""The how manieth time a statement is prepared."""

PREPARED_AT_MOST = 100
"""What was asked for longest ago is given up first."""

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(%)|)")


@dataclass(kw_only=True)
class Statement:
    """What is known of a statement with values of certain types."""

    query: bytes
    types: Sequence[int]
    asked: int = 0
    name: bytes | None = None
    """Of the prepared statement."""

    make_row: Callable[[Sequence[Any]], Any] | None = None
    """Of the prepared statement, whose columns stay as they are."""

    @property
    def is_worth_preparing(self) -> bool:
        return self.asked >= PREPARED_FROM


class Statements:
    """Those of one connection. What is given up here has still to be closed there (`given_up`)."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[bytes, Sequence[int]], Statement] = OrderedDict()
        self._names = 0
        self._given_up: list[bytes] = []

    def asked(self, query: bytes, types: Sequence[int]) -> Statement:
        """The statement, once more."""
        statement = self._known.get((query, types))
        if statement is None:
            statement = self._known[query, types] = Statement(query=query, types=types)
        else:
            self._known.move_to_end((query, types))
        statement.asked += 1
        return statement

    def new_name(self) -> bytes:
        """That no statement of this connection has had."""
        self._names += 1
        return b"own_%d" % self._names

    def give_up(self, statement: Statement) -> None:
        if statement.name is not None:
            self._given_up.append(statement.name)
            statement.name = statement.make_row = None

    def given_up(self) -> Sequence[bytes]:
        """The names of those given up since this was asked last, and of the oldest where there are too many."""
        while len(self._known) > PREPARED_AT_MOST:
            self.give_up(self._known.popitem(last=False)[1])
        given_up, self._given_up = self._given_up, []
        return given_up


@lru_cache(maxsize=1024)
def numbered(text: str) -> tuple[bytes, Sequence[str]]:
    """The statement with $1 for the first `%(name)s`, as libpq takes it, and the names in that order.

    Raises `psycopg.ProgrammingError` for a percent sign that is not written twice.
    """
    names: list[str] = []

    def number(found: "re.Match[str]") -> str:
        name, percent = found.groups()
        if percent:
            return "%"
        if name is None:
            raise psycopg.ProgrammingError("a percent sign in a statement with values is written twice")
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACEHOLDER.sub(number, text).encode(), names
