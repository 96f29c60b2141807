"""The standard library's HTTP answer, with its header block read by less than the parser for e-mail."""

import re
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, LineTooLong, UnknownProtocol
from io import BufferedReader

LONGEST_LINE = 65536
MOST_LINES = 100
"""Both as in `http.client`; the empty line counts."""

_BLOCK = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\r\n\0]*+\r?\n)*+")  # possessive: reads nothing twice
_FIELD = re.compile(r"([^:\n]+):[ \t]*([^\r\n]*)\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")


class MalformedHeaders(HTTPException):
    """What stands between status line and body is no list of header fields, or breaks off."""


class LeanResponse(HTTPResponse):
    """Status line, chunks, reading and keeping alive are the standard library's.

    `fields` are the header fields in the order of their coming; `headers`, by which the parent class decides, has the
    first value of each under its name in lower case.
    """

    fields: list[tuple[str, str]]
    headers: dict[str, str]  # type: ignore[assignment] # typeshed knows the e-mail parser's message only
    _method: str
    _read_status: Callable[[], tuple[str, int, str]]
    _check_close: Callable[[], bool]

    @property
    def method(self) -> str:
        return self._method

    def begin(self) -> None:
        """As the parent's, which calls its parser by name: there is no smaller part to exchange."""
        version, status, reason = self._read_status()
        while status == HTTPStatus.CONTINUE:
            _fields(self.fp)
            version, status, reason = self._read_status()
        if not version.startswith("HTTP/1.") and version != "HTTP/0.9":
            raise UnknownProtocol(version)
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.status, self.reason = status, reason.strip()
        self.fields = _fields(self.fp)
        self.headers = {name.lower(): value for name, value in reversed(self.fields)}
        self._find_end(self.headers)

    def _find_end(self, headers: dict[str, str]) -> None:
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(headers.get("content-length"))
        if self.status < 200 or self.status in (204, 304) or self._method == "HEAD":
            self.length = 0
        self.will_close = self._check_close() or (self.length is None and not self.chunked)


def _fields(block: BufferedReader) -> list[tuple[str, str]]:
    lines: list[bytes] = []
    for _ in range(MOST_LINES):
        line = block.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise LineTooLong("header line")
        if line in (b"\r\n", b"\n"):
            return _parsed(b"".join(lines).decode("iso-8859-1"))
        if not line:
            raise MalformedHeaders("the connection ended among the headers")
        lines.append(line)
    raise HTTPException(f"got more than {MOST_LINES} headers")


def _parsed(block: str) -> list[tuple[str, str]]:
    """Lines that go on with the one before are allowed as they always were; anything else is not guessed at."""
    if not _BLOCK.fullmatch(block):
        block = _FOLD.sub(" ", block)
        if not _BLOCK.fullmatch(block):
            raise MalformedHeaders("not a list of header fields")
    return _FIELD.findall(block)


def _length(header: str | None) -> int | None:
    try:
        length = int(header or "")
    except ValueError:
        return None
    return length if length >= 0 else None
