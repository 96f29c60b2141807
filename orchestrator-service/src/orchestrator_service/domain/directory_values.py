"""How one cell of the directory file is read; a cell that cannot be read says why, without repeating it."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

CHANNELS = ("email", "push", "in_app")
LOCALES = ("nb", "nn", "en")
MAX_CHAPTERS = 5

_IDENTIFIER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:@|=-]{0,63}")
_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,254}}\Z)(?=[^@]{{1,64}}@){_LOCAL_PART}@{_LABEL}(?:\.{_LABEL})*")
_PUSH_TOKEN = re.compile(r"[\x21-\x7e]{1,512}")
_LOCAL_PART_BEYOND_ASCII = re.compile(r"[^\x00-\x20\x7f-\xa0@\s,;<>()\"\[\]\\]{1,64}")
_NORWEGIAN_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_YES = frozenset({"true", "yes", "ja", "1", "sann"})
_NO = frozenset({"false", "no", "nei", "0", "usann"})
_OFFSET = re.compile(r"(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)\Z", re.ASCII | re.IGNORECASE)
_JOINERS = frozenset("\u200c\u200d")
"""They shape letters in many scripts; the other invisible characters only deceive."""


class BadValue(ValueError):
    """A cell that breaks the rule of its column."""


class LeftOut(Exception):
    """A cell that is right and of no use here: it counts as empty, and a warning says so."""


def identifier(cell: str) -> str:
    if not _IDENTIFIER.fullmatch(cell):
        raise BadValue("must be 1 to 64 letters, digits or . _ : @ | = - and begin with a letter, digit, _ or -")
    return cell


def text(max_length: int) -> Callable[[str], str]:
    """A reader of one line of text without control characters."""

    def read(cell: str) -> str:
        if len(cell) > max_length:
            raise BadValue(f"must have at most {max_length} characters")
        if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and sign not in _JOINERS for sign in cell):
            raise BadValue("must not contain control characters, invisible characters or line breaks")
        return cell

    return read


def email(cell: str) -> str:
    """The address with its domain as it goes out, in ASCII. Raises LeftOut when the part before the @ is not ASCII."""
    local_part, _, domain = cell.rpartition("@")
    host = _ascii_domain(domain)
    if not local_part.isascii() and _LOCAL_PART_BEYOND_ASCII.fullmatch(local_part) and _EMAIL.fullmatch(f"x@{host}"):
        raise LeftOut("has letters before the @ that many mail servers do not take (SMTPUTF8): nothing is sent to it")
    address = f"{local_part}@{host}"
    if not _EMAIL.fullmatch(address):
        raise BadValue("must be a plain e-mail address such as name@example.org")
    return address


def _ascii_domain(domain: str) -> str:
    """Punycode, where the two standards of internationalised domains (2003 and 2008) cannot differ."""
    if domain.isascii():
        return domain
    named = unicodedata.normalize("NFC", domain).lower()
    try:
        encoded = named.encode("idna")
        is_certain = encoded.decode("idna") == named
    except UnicodeError:
        is_certain = False
    if not is_certain:
        raise BadValue("has a domain whose plain form is not certain; write that form, which begins with xn--")
    return encoded.decode("ascii")


def push_token(cell: str) -> str:
    if not _PUSH_TOKEN.fullmatch(cell):
        raise BadValue("must be at most 512 plain characters without spaces")
    return cell


def channels(cell: str) -> list[str]:
    wanted = {part.strip() for part in cell.split("|")}
    if not wanted <= set(CHANNELS):
        raise BadValue("must be one or more of email, push, in_app, separated by |")
    return [channel for channel in CHANNELS if channel in wanted]


def locale(cell: str) -> str:
    if cell not in LOCALES:
        raise BadValue("must be nb, nn or en")
    return cell


@cache
def time_zone(cell: str) -> str:
    try:
        ZoneInfo(cell)
    except (KeyError, ValueError, OSError) as fault:  # unknown, not a plain name, or a directory of names
        raise BadValue("must be the name of a time zone such as Europe/Oslo") from fault
    return cell


def chapters(cell: str) -> list[str]:
    """The chapter ids of a cell, each once, in the order given."""
    return list(dict.fromkeys(identifier(part.strip()) for part in cell.split("|")))


def boolean(cell: str) -> bool:
    word = cell.casefold()
    if word not in _YES | _NO:
        raise BadValue("must be true or false")
    return word in _YES


def moment(cell: str) -> date | datetime:
    """A date, or a time with its offset in UTC, between 2000 and 2100."""
    try:
        at = _date(cell) or _time(cell)
    except (ValueError, OverflowError) as fault:
        raise BadValue("must be a date such as 2026-04-01 or 01.04.2026, or a time with offset") from fault
    if not 2000 <= at.year < 2100:
        raise BadValue("must lie between 2000 and 2100")
    return at


def _date(cell: str) -> date | None:
    if norwegian := _NORWEGIAN_DATE.fullmatch(cell):
        day, month, year = (int(part) for part in norwegian.groups())
        return date(year, month, day)
    return date.fromisoformat(cell) if len(cell) <= len("2026-04-01") else None


def _time(cell: str) -> datetime:
    if not _OFFSET.search(cell):
        raise ValueError("a time without offset, or with one that no clock has")
    at = datetime.fromisoformat(cell).astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
