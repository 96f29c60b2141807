"""Cursors: an item's place in its list as text for an address.

They hold what the list shows anyhow, only to the microsecond, and are not signed: filters and walls hold for whatever
is asked with one, also with one that somebody made up.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields

from shared_lib.identifiers import IDENTIFIER
from shared_lib.paging import Mark

from .fields import EARLIEST, LATEST

LONGEST = 128
_LARGEST_NUMBER = 2**63 - 1


class Cursor(fields.Field[Mark]):
    """A cursor exactly as `cursor_of` writes it. `id_of` reads the list's kind of id, or raises ValueError."""

    def __init__(self, id_of: Callable[[str], str | UUID | int], **options: Any) -> None:
        shape = {"type": "string", "format": "cursor", "maxLength": LONGEST, "pattern": "^[A-Za-z0-9_-]+$"}
        metadata = {**shape, **options.pop("metadata")}
        super().__init__(metadata=metadata, **options)
        self.id_of = id_of

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Mark:
        try:
            mark = self._mark(value)
        except ValueError as error:
            raise ValidationError("Give a cursor as it stands in a list's Link header.") from error
        return mark

    def _mark(self, value: str) -> Mark:
        if len(value) > LONGEST:
            raise ValueError("too long")
        moment, _, id_ = (
            urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4)).decode("ascii").partition(" ")
        )
        mark = Mark(datetime.fromisoformat(moment).replace(tzinfo=UTC), self.id_of(id_))
        if not EARLIEST <= mark.moment < LATEST or cursor_of(mark) != value:
            raise ValueError("not as it is written")  # another way to write it: padding, a zone, braces, leading zeros
        return mark


def cursor_of(mark: Mark) -> str:
    """The only way to write this place."""
    moment = mark.moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return urlsafe_b64encode(f"{moment} {mark.id}".encode()).rstrip(b"=").decode()


def opaque_id(text: str) -> str:
    """Raises ValueError unless it looks like an id."""
    if not re.fullmatch(IDENTIFIER, text):
        raise ValueError("not an id")
    return text


def serial_number(text: str) -> int:
    """Raises ValueError unless it is what a column of the database can have counted to."""
    number = int(text)
    if not 1 <= number <= _LARGEST_NUMBER:
        raise ValueError("not a serial number")
    return number
