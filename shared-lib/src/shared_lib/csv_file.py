"""Reading a CSV file as spreadsheets export it: its encoding, its separator, its rows, and what is wrong with them."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

MAX_LINE_LENGTH = 16_384
MAX_SHOWN = 1_000
SEPARATORS = ",;\t|"

UTF_8 = "utf-8"
WINDOWS_1252 = "cp1252"
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Letters that Windows-1252 shares with ISO 8859-1 and -15. Norwegian text in an older encoding has other bytes.
_CERTAIN_BYTES = re.compile(rb"[\x00-\x7f\xc0-\xd6\xd8-\xf6\xf8-\xff]*")
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\1*', re.IGNORECASE)
_SAVE_AS = "save the spreadsheet as 'CSV UTF-8'"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one line, in words for the person who keeps the spreadsheet; the column may be empty."""

    line: int
    column: str
    reason: str


class UnreadableFile(Exception):
    """The file as a whole cannot be read; `problem` says where and why."""

    def __init__(self, line: int, column: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(line, column, reason)


@dataclass
class Problems:
    """The first thousand problems and how many there were: a file full of mistakes must not fill the memory."""

    shown: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, *problems: Problem) -> None:
        self.add_counted(problems, count=len(problems))

    def add_counted(self, problems: Iterable[Problem], *, count: int) -> None:
        """Add problems of which only the first ones are at hand."""
        self.shown.extend(list(problems)[: MAX_SHOWN - len(self.shown)])
        self.count += count

    def in_order(self) -> list[Problem]:
        return sorted(self.shown, key=lambda problem: problem.line)


class CsvFile:
    """The rows of a file, each with the number of its first line and its cells by column, without blanks around them.

    The encoding is UTF-8, UTF-16, or Windows-1252 where that is certain; the separator a comma, semicolon, tab or
    vertical bar. The first row names columns: all of `needed`, any of `columns`, beginning with `first` if that is
    given. Raises UnreadableFile, also while it is read; problems of single rows go to `report`.
    """

    def __init__(
        self,
        file: IO[bytes],
        *,
        columns: Collection[str],
        needed: Collection[str] = (),
        first: str | None = None,
        report: Callable[[Problem], None],
    ) -> None:
        self._texts = _Texts(file, report)
        self._report = report
        self.columns, self._separator = _header(self._texts)
        refused = _refused(self.columns, columns, needed, first)
        if refused:
            raise UnreadableFile(self._texts.number or 1, *refused)

    @property
    def bytes_read(self) -> int:
        return self._texts.bytes_read

    def __iter__(self) -> Iterator[tuple[int, Mapping[str, str]]]:
        rows = csv.reader(self._texts, delimiter=self._separator, strict=True)
        begin = self._texts.number + 1
        try:
            for row in rows:
                cells = [cell.strip() for cell in row]
                if any(cells) and self._is_aligned(begin, cells):
                    yield begin, dict(zip(self.columns, cells, strict=False))
                begin = self._texts.number + 1
        except csv.Error as fault:
            raise UnreadableFile(begin, "", "a quotation mark is not closed or in a wrong place") from fault

    def _is_aligned(self, number: int, cells: Sequence[str]) -> bool:
        if any(cells[len(self.columns) :]):
            self._report(Problem(number, "", "has more cells than the first line has columns"))
            return False
        if self._separator == "|" and len(cells) < len(self.columns):  # a bar also separates values within a cell
            self._report(Problem(number, "", "has fewer cells than the first line has columns"))
            return False
        return True


class _Texts(Iterable[str]):
    """The decoded lines of the file, counted; the csv reader pulls several of them for a quoted line break."""

    def __init__(self, file: IO[bytes], report: Callable[[Problem], None]) -> None:
        buffer = io.BufferedReader(file)  # type: ignore[type-var]  # any readable binary stream will do
        self._wide = _wide_encoding(buffer.peek(4)[:4])
        # Latin-1 gives every byte back: so a carriage return alone ends a line, and each line is decoded by itself.
        self._stream = io.TextIOWrapper(buffer, encoding=self._wide or "latin-1", newline="")
        self._report = report
        self._encoding: str | None = None
        self.number = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[str]:
        while text := self._read():
            self.number += 1
            if len(text) > MAX_LINE_LENGTH:
                raise UnreadableFile(self.number, "", f"the line is longer than {MAX_LINE_LENGTH:,} characters")
            self.bytes_read += len(text) * (2 if self._wide else 1)
            yield text if self._wide else self._decoded(text.encode("latin-1"))

    def _read(self) -> str:
        try:
            return self._stream.readline(MAX_LINE_LENGTH + 1)
        except UnicodeDecodeError as fault:
            raise UnreadableFile(self.number + 1, "", f"is broken {fault.encoding}; {_SAVE_AS}") from fault

    def _decoded(self, raw: bytes) -> str:
        if self.number == 1 and raw.startswith(codecs.BOM_UTF8):
            raw, self._encoding = raw.removeprefix(codecs.BOM_UTF8), UTF_8
        if raw.isascii():
            return raw.decode("ascii")
        is_utf_8 = _is(raw, UTF_8)
        if self._encoding is None and (is_utf_8 or _CERTAIN_BYTES.fullmatch(raw)):
            self._encoding = UTF_8 if is_utf_8 else WINDOWS_1252  # the first line with such letters decides
        if self._encoding == UTF_8 and is_utf_8:
            return raw.decode(UTF_8)
        if self._encoding == WINDOWS_1252 and not is_utf_8 and _is(raw, WINDOWS_1252):
            return raw.decode(WINDOWS_1252)
        self._report(Problem(self.number, "", f"has letters whose encoding is not certain; {_SAVE_AS}"))
        return raw.decode(WINDOWS_1252, errors="replace")  # the file is refused; do not find more wrong than there is


def _wide_encoding(beginning: bytes) -> str | None:
    """UTF-16 or UTF-32, by its mark or because the first letter, which is a plain one, has a zero byte beside it."""
    for mark, encoding in _MARKS.items():
        if beginning.startswith(mark):
            return encoding
    if 0 in beginning[:2]:
        return "utf-16-le" if beginning[0] else "utf-16-be"
    return None


def _is(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _header(texts: _Texts) -> tuple[Sequence[str], str]:
    """The names in the first row, and the separator that follows from it."""
    line = next(iter(texts), "").removeprefix("\ufeff").rstrip("\r\n")
    if line.startswith("PK\x03\x04"):
        raise UnreadableFile(1, "", f"is a workbook or an archive, not a CSV file; {_SAVE_AS}")
    hint = _EXCEL_HINT.fullmatch(line)
    if hint:
        line = next(iter(texts), "").rstrip("\r\n")
    separator = hint[1] if hint else max(SEPARATORS, key=line.count)
    header = [name.strip().strip('"').casefold() for name in line.split(separator)]
    while header and not header[-1]:
        header.pop()
    return header, separator


def _refused(
    header: Sequence[str], columns: Collection[str], needed: Collection[str], first: str | None
) -> tuple[str, str] | None:
    """The column that makes the first row unusable, and why."""
    if first is not None and header[:1] != [first]:
        return first, f"the first line must name the columns, beginning with {first}"
    for name in header:
        if name not in columns:
            return name[:40], f"is not a column; the columns are {', '.join(columns)}"
        if header.count(name) > 1:
            return name, "stands twice in the first line"
    missing = [name for name in needed if name not in header]
    return (missing[0], f"the first line must name the columns {', '.join(needed)}") if missing else None
