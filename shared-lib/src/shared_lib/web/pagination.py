"""Pages of lists over HTTP: `page` and `limit` in, `pagination` and `Link` (RFC 8288) out.

The links `next` and `prev` hold a cursor (`after`, `before`: keyset pagination); `first` and `last` are page numbers.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from shared_lib.ids import IDENTIFIER
from shared_lib.pagination import Cursor, Page, PageRequest, Slice

from .fields import EARLIEST, LATEST, QueryInteger

MAX_PAGE = 10_000
"""Pages are found by number up to here; cursors lead further and keep this number."""
MAX_LIMIT = 100
DEFAULT_LIMIT = 20
MAX_CURSOR_LENGTH = 128
_MAX_SERIAL = 2**63 - 1
PLACE = ("page", "limit", "after", "before")
AFTER: Mapping[str, str] = {"description": "The `next` link's: what follows this place."}
BEFORE: Mapping[str, str] = {"description": "The `prev` link's: what stands before this place."}


class PageQuerySchema(Schema):
    """The query of every list; a subclass adds its filters, and `after` and `before` with its kind of id."""

    page = QueryInteger(minimum=1, maximum=MAX_PAGE, load_default=1, metadata={"description": "From 1."})
    limit = QueryInteger(
        minimum=1, maximum=MAX_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "Items per page."}
    )

    @validates_schema
    def one_direction(self, values: dict[str, Any], **_: Any) -> None:
        if "after" in values and "before" in values:
            raise ValidationError("Give after or before, not both.", "before")

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """All this becomes one PageRequest under `page`; filters stay as they are."""
        place = {name: values.pop(name) for name in PLACE if name in values}
        return {**values, "page": PageRequest(**place)}


class PaginationSchema(Schema):
    page = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    total = fields.Integer(required=True)


def page_answer(page: Page[Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """What the view of a list returns: the document for its schema, 200, and the `Link` header to other pages."""
    pagination = {"page": page.request.page, "limit": page.request.limit, "total": page.total}
    last = PageRequest(page=page.last, limit=page.request.limit)
    return {"data": page.items, "pagination": pagination}, 200, _links(page, furthest=MAX_PAGE, last=last)


def portion_answer(portion: Slice[Any], *, last_page: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The same for a list without a total: `has_more` says whether there is anything after this page."""
    place = portion.request
    pagination = {"page": place.page, "limit": place.limit, "has_more": portion.has_more}
    return {"data": portion.items, "pagination": pagination}, 200, _links(portion, furthest=last_page)


def _links(portion: Slice[Any], *, furthest: int, last: PageRequest | None = None) -> dict[str, str]:
    first = PageRequest(limit=portion.request.limit)
    targets = {"first": first, "prev": portion.preceding, "next": portion.following, "last": last}
    filters = {name: value for name, value in request.args.items() if name not in PLACE}
    here = f"{request.script_root}{request.path}?{urlencode(filters)}{'&' if filters else ''}"
    links = [f'<{here}{_place(to, furthest)}>; rel="{name}"' for name, to in targets.items() if to is not None]
    return {"Link": ", ".join(links)}


def _place(to: PageRequest, furthest: int) -> str:
    """Numbers stop at the furthest that may be asked for; the cursor goes on."""
    place = f"page={min(to.page, furthest)}&limit={to.limit}"
    if to.after is not None:
        return f"{place}&after={cursor_of(to.after)}"
    return place if to.before is None else f"{place}&before={cursor_of(to.before)}"


class CursorField(fields.Field[Cursor]):
    """A cursor exactly as `cursor_of` writes it: an item's place in its list, as text for a URL.

    It holds the item's time to the microsecond and its id, both of which the list shows, and is not signed: filters and
    row-level security hold for every cursor. `id_of` reads the list's kind of id, or raises ValueError.
    """

    def __init__(self, id_of: Callable[[str], str | UUID | int], **options: Any) -> None:
        shape = {"type": "string", "format": "cursor", "maxLength": MAX_CURSOR_LENGTH, "pattern": "^[A-Za-z0-9_-]+$"}
        metadata = {**shape, **options.pop("metadata")}
        super().__init__(metadata=metadata, **options)
        self.id_of = id_of

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Cursor:
        try:
            mark = self._mark(value)
        except ValueError as error:
            raise ValidationError("Give a cursor as it stands in a list's Link header.") from error
        return mark

    def _mark(self, value: str) -> Cursor:
        if len(value) > MAX_CURSOR_LENGTH:
            raise ValueError("too long")
        moment, _, id_ = (
            urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4)).decode("ascii").partition(" ")
        )
        mark = Cursor(datetime.fromisoformat(moment).replace(tzinfo=UTC), self.id_of(id_))
        if not EARLIEST <= mark.moment < LATEST or cursor_of(mark) != value:
            raise ValueError("not as it is written")  # another way to write it: padding, a zone, braces, leading zeros
        return mark


def cursor_of(mark: Cursor) -> str:
    """The text of this place; there is only one."""
    moment = mark.moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return urlsafe_b64encode(f"{moment} {mark.id}".encode()).rstrip(b"=").decode()


def opaque_id(text: str) -> str:
    """The text itself. Raises ValueError unless it has the form of an id."""
    if not re.fullmatch(IDENTIFIER, text):
        raise ValueError("not an id")
    return text


def serial_number(text: str) -> int:
    """The number. Raises ValueError unless it fits into a bigint column and is positive."""
    number = int(text)
    if not 1 <= number <= _MAX_SERIAL:
        raise ValueError("not a serial number")
    return number
