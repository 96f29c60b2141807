"""The directory file: its kinds of lines, how it is read (CSV in UTF-8), and what an import reports."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

from . import directory_values as values

MAX_LINE_BYTES = 16_384
MAX_SHOWN = 1_000


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


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one line, in words for the person who keeps the spreadsheet."""

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
    """Problems that only two cells together show."""
    problems = []
    if kind is Kind.MENTOR and len(read.get("chapters", ())) > values.MAX_CHAPTERS:
        problems.append(Problem(number, "chapters", f"a mentor belongs to at most {values.MAX_CHAPTERS} chapters"))
    if kind is Kind.CERTIFICATION and not cells.get("expires") and read.get("active", True):
        problems.append(Problem(number, "expires", "must not be empty, unless active is false"))
    return problems


class UnreadableFile(Exception):
    """The file as a whole cannot be read; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def read_file(file: BinaryIO, report: Callable[[Problem], None]) -> Iterator[Line]:
    """The lines of the file. Problems of the text itself go to `report`; those of a line come with the line."""
    texts = _Texts(file, report)
    header, delimiter = _header(texts)
    rows = csv.reader(texts, delimiter=delimiter, strict=True)
    begin = texts.number + 1
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _line(begin, header, row)
            begin = texts.number + 1
    except csv.Error as fault:
        raise UnreadableFile(Problem(begin, "", "a quotation mark is not closed or in a wrong place")) from fault


class _Texts(Iterable[str]):
    """The decoded lines of the file, counted; the csv reader pulls several of them for a quoted line break."""

    def __init__(self, file: BinaryIO, report: Callable[[Problem], None]) -> None:
        self._file = file
        self._report = report
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while raw := self._file.readline(MAX_LINE_BYTES + 1):
            self.number += 1
            if len(raw) > MAX_LINE_BYTES:
                raise UnreadableFile(Problem(self.number, "", f"the line is longer than {MAX_LINE_BYTES:,} bytes"))
            yield self._decoded(raw)

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self._report(Problem(self.number, "", "is not UTF-8; save the spreadsheet as 'CSV UTF-8'"))
            return raw.decode(errors="replace")


def _header(texts: _Texts) -> tuple[Sequence[str], str]:
    first = next(iter(texts), "").removeprefix("\ufeff").rstrip("\r\n")
    if first.startswith("\ufffd"):
        raise UnreadableFile(Problem(1, "", "is not UTF-8; save the spreadsheet as 'CSV UTF-8'"))
    delimiter = ";" if first.count(";") > first.count(",") else ","
    header = [name.strip().strip('"').casefold() for name in first.split(delimiter)]
    while header and not header[-1]:
        header.pop()
    if not header or header[0] != "record":
        raise UnreadableFile(Problem(1, "record", "the first line must name the columns, beginning with record"))
    for name in header:
        if name not in COLUMNS:
            raise UnreadableFile(Problem(1, name[:40], f"is not a column; the columns are {', '.join(COLUMNS)}"))
        if header.count(name) > 1:
            raise UnreadableFile(Problem(1, name, "stands twice in the first line"))
    return header, delimiter


def _line(number: int, header: Sequence[str], row: Sequence[str]) -> Line:
    cells = [cell.strip() for cell in row]
    if any(cells[len(header) :]):
        return Line(number, None, problems=(Problem(number, "", "has more cells than the first line has columns"),))
    return read_line(number, dict(zip(header, cells, strict=False)))


@dataclass
class Problems:
    """The first thousand problems and how many there were: a file full of mistakes must not fill the memory."""

    shown: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add_one(problem)

    def add_one(self, problem: Problem) -> None:
        self.count += 1
        if len(self.shown) < MAX_SHOWN:
            self.shown.append(problem)

    def add_counted(self, problems: Iterable[Problem], *, count: int) -> None:
        """Add problems of which only the first ones are at hand."""
        self.shown.extend(list(problems)[: MAX_SHOWN - len(self.shown)])
        self.count += count

    def in_order(self) -> list[Problem]:
        return sorted(self.shown, key=lambda problem: problem.line)


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many records of one subject the import made, changed, ended and found as they were."""

    subject: str
    new: int
    changed: int
    unchanged: int
    ended: int = 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """The outcome of an import; nothing was written when there are problems or when it was a dry run.

    `left_out` are the ids of people whose data were removed and who are still in the file.
    """

    problems: Problems
    counts: tuple[Counts, ...] = ()
    contacts: int = 0
    left_out: tuple[str, ...] = ()
    is_dry_run: bool = False

    @property
    def is_good(self) -> bool:
        return self.problems.count == 0
