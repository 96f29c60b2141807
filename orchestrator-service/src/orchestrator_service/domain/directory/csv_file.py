"""Reads a directory file line by line: comma or semicolon, UTF-8 with or without byte order mark."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from .records import COLUMNS, Line, Problem, read_line

LONGEST_LINE = 16_384
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class UnreadableFile(Exception):
    """The file as a whole cannot be read; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def read(file: BinaryIO, note: Callable[[Problem], None]) -> Iterator[Line]:
    """The lines of the file. Problems of the text itself go to `note`; those of a line come with the line."""
    texts = _Texts(file, note)
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

    def __init__(self, file: BinaryIO, note: Callable[[Problem], None]) -> None:
        self._file = file
        self._note = note
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while raw := self._file.readline(LONGEST_LINE + 1):
            self.number += 1
            if len(raw) > LONGEST_LINE:
                raise UnreadableFile(Problem(self.number, "", f"the line is longer than {LONGEST_LINE:,} bytes"))
            yield self._decoded(raw)

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self._note(Problem(self.number, "", "is not UTF-8; save the spreadsheet as 'CSV UTF-8'"))
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
