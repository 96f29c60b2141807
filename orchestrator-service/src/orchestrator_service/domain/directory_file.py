"""The directory file: its kinds of lines, which columns each has, and how a line is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from . import directory_values as values


class Kind(StrEnum):
    ORGANISATION = "organisation"
    CHAPTER = "chapter"
    MENTOR = "mentor"
    COORDINATOR = "coordinator"
    ADMIN = "admin"
    ASSIGNMENT = "assignment"
    CERTIFICATION = "certification"


# A staged line holds these in this order, after its line number and kind.
READERS: Mapping[str, Callable[[str], Any]] = {
    "id": values.identifier,
    "organisation": values.identifier,
    "name": values.text(200),
    "email": values.email,
    "push_token": values.push_token,
    "channels": values.channels,
    "locale": values.locale,
    "chapters": values.chapters,
    "primary": values.boolean,
    "since": values.moment,
    "active": values.boolean,
    "expires": values.moment,
    "region": values.text(100),
    "time_zone": values.time_zone,
    "mentor_word": values.text(60),
    "coordinator_word": values.text(60),
    "tell_all_coordinators": values.boolean,
    "reply_to": values.email,
}
COLUMNS = ("record", *READERS)
_WORDS = frozenset(Kind)

_PERSON = frozenset({"email", "push_token", "channels", "locale", "active"})
NEEDED: Mapping[Kind, frozenset[str]] = {
    Kind.ORGANISATION: frozenset({"id", "name"}),
    Kind.CHAPTER: frozenset({"id", "organisation", "name"}),
    Kind.MENTOR: frozenset({"id", "organisation", "name"}),
    Kind.COORDINATOR: frozenset({"id", "organisation", "name"}),
    Kind.ADMIN: frozenset({"id", "organisation", "name"}),
    Kind.ASSIGNMENT: frozenset({"id", "organisation", "chapters"}),
    Kind.CERTIFICATION: frozenset({"id", "organisation"}),
}
_ALSO: Mapping[Kind, frozenset[str]] = {
    Kind.ORGANISATION: frozenset(
        {"locale", "time_zone", "mentor_word", "coordinator_word", "tell_all_coordinators", "reply_to"}
    ),
    Kind.CHAPTER: frozenset({"region"}),
    Kind.MENTOR: _PERSON | {"chapters"},
    Kind.COORDINATOR: _PERSON,
    Kind.ADMIN: _PERSON,
    Kind.ASSIGNMENT: frozenset({"primary", "since", "active"}),
    Kind.CERTIFICATION: frozenset({"expires", "active"}),
}
USED: Mapping[Kind, frozenset[str]] = {kind: NEEDED[kind] | _ALSO[kind] for kind in Kind}


Finding = tuple[str, str]
"""A column, and what is to be said about its cell."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: what could be read of it, what is wrong with it, and cells that are left out."""

    number: int
    kind: Kind | None
    cells: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def is_placeable(self) -> bool:
        """Whether other lines can refer to this one, so that one mistake is not reported a hundred times."""
        return self.kind is not None and "id" in self.cells

    @property
    def row(self) -> tuple[Any, ...]:
        """A date without time comes last, in a column of its own: it becomes a moment in its organisation's zone."""
        dates = {name: cell for name, cell in self.cells.items() if isinstance(cell, date)}
        days = {name: cell for name, cell in dates.items() if not isinstance(cell, datetime)}
        cells = (self.cells.get(column) if column not in days else None for column in READERS)
        return (self.number, self.kind, *cells, days.get("since"), days.get("expires"))


def read_line(number: int, cells: Mapping[str, str]) -> Line:
    """Read one line by the rules of its kind; everything wrong with it is reported, not only the first."""
    word = cells.get("record", "").casefold()
    if word not in _WORDS:
        return Line(number, None, problems=(("record", f"must be one of {', '.join(Kind)}"),))
    kind, read, problems, warnings = Kind(word), dict[str, Any](), list[Finding](), list[Finding]()
    for column, reader in READERS.items():
        cell = cells.get(column, "")
        try:
            if _is_wanted(kind, column, cell):
                read[column] = reader(cell)
        except values.BadValue as fault:
            problems.append((column, str(fault)))
        except values.LeftOut as fault:
            warnings.append((column, str(fault)))
    problems += _misfits(kind, read, cells)
    return Line(number, kind, read, tuple(problems), tuple(warnings))


def _is_wanted(kind: Kind, column: str, cell: str) -> bool:
    if cell and column not in USED[kind]:
        raise values.BadValue(f"is not used in a line of kind {kind}; leave it empty")
    if not cell and column in NEEDED[kind]:
        raise values.BadValue("must not be empty")
    return bool(cell)


def _misfits(kind: Kind, read: Mapping[str, Any], cells: Mapping[str, str]) -> list[Finding]:
    """Problems that only two cells together show."""
    problems = []
    if kind is Kind.MENTOR and len(read.get("chapters", ())) > values.MAX_CHAPTERS:
        problems.append(("chapters", f"a mentor belongs to at most {values.MAX_CHAPTERS} chapters"))
    if kind is Kind.CERTIFICATION and not cells.get("expires") and read.get("active", True):
        problems.append(("expires", "must not be empty, unless active is false"))
    return problems


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many records of one subject the import made, changed, ended and found as they were."""

    subject: str
    new: int
    changed: int
    unchanged: int
    ended: int = 0
