"""The kinds of line that a directory file knows, and which columns each of them uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from . import values


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
    Kind.ORGANISATION: frozenset({"locale", "time_zone", "mentor_word", "coordinator_word", "tell_all_coordinators"}),
    Kind.CHAPTER: frozenset({"region"}),
    Kind.MENTOR: _PERSON | {"chapters"},
    Kind.COORDINATOR: _PERSON,
    Kind.ADMIN: _PERSON,
    Kind.ASSIGNMENT: frozenset({"primary", "since", "active"}),
    Kind.CERTIFICATION: frozenset({"expires", "active"}),
}
USED: Mapping[Kind, frozenset[str]] = {kind: NEEDED[kind] | _ALSO[kind] for kind in Kind}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one line, in words for whoever keeps the spreadsheet."""

    line: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: what could be read of it, and what could not."""

    number: int
    kind: Kind | None
    cells: Mapping[str, Any] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def is_placeable(self) -> bool:
        """Whether other lines can refer to this one, so that one mistake is not reported a hundred times."""
        return self.kind is not None and "id" in self.cells

    @property
    def row(self) -> tuple[Any, ...]:
        return (self.number, self.kind, *(self.cells.get(column) for column in READERS))


def read_line(number: int, cells: Mapping[str, str]) -> Line:
    """Read one line by the rules of its kind; everything wrong with it is reported, not only the first."""
    word = cells.get("record", "").casefold()
    if word not in _WORDS:
        return Line(number, None, problems=(Problem(number, "record", f"must be one of {', '.join(Kind)}"),))
    kind, read, problems = Kind(word), dict[str, Any](), list[Problem]()
    for column, reader in READERS.items():
        cell = cells.get(column, "")
        try:
            if _is_wanted(kind, column, cell):
                read[column] = reader(cell)
        except values.BadValue as fault:
            problems.append(Problem(number, column, str(fault)))
    problems += _misfits(number, kind, read, cells)
    return Line(number, kind, read, tuple(problems))


def _is_wanted(kind: Kind, column: str, cell: str) -> bool:
    if cell and column not in USED[kind]:
        raise values.BadValue(f"is not used in a line of kind {kind}; leave it empty")
    if not cell and column in NEEDED[kind]:
        raise values.BadValue("must not be empty")
    return bool(cell)


def _misfits(number: int, kind: Kind, read: Mapping[str, Any], cells: Mapping[str, str]) -> list[Problem]:
    """What only two cells together can tell."""
    problems = []
    if kind is Kind.MENTOR and len(read.get("chapters", ())) > values.MOST_CHAPTERS:
        problems.append(Problem(number, "chapters", f"a mentor belongs to at most {values.MOST_CHAPTERS} chapters"))
    if kind is Kind.CERTIFICATION and not cells.get("expires") and read.get("active", True):
        problems.append(Problem(number, "expires", "must not be empty, unless active is false"))
    return problems
