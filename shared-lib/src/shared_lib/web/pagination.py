"""Pages of lists over HTTP: `page` and `limit` in, `pagination` and `Link` (RFC 8288) out.

The links `next` and `prev` hold a cursor (`after`, `before`: keyset pagination); `first` and `last` are page numbers.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from shared_lib.clock import EARLIEST, LATEST
from shared_lib.pagination import Cursor, Page, PageRequest, Slice

from .fields import QueryInteger

MAX_PAGE = 10_000
"""Pages are found by number up to here; cursors lead further and keep this number."""
MAX_LIMIT = 100
DEFAULT_LIMIT = 20
MAX_CURSOR_LENGTH = 128
MAX_SERIAL_NUMBER = 2**63 - 1
"""The largest number of a bigint column."""
PAGE_PARAMETERS = ("page", "limit", "after", "before")
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
        """The filters as they are, and one PageRequest under `page`."""
        request = {name: values.pop(name) for name in PAGE_PARAMETERS if name in values}
        return {**values, "page": PageRequest(**request)}


class PaginationSchema(Schema):
    """The member `pagination` of a list with a total."""

    page = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    total = fields.Integer(required=True)


def page_answer(page: Page[Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """What the view of a list returns: the document for its schema, 200, and the `Link` header to other pages."""
    pagination = {"page": page.request.page, "limit": page.request.limit, "total": page.total}
    last = PageRequest(page=page.last_page, limit=page.request.limit)
    return {"data": page.items, "pagination": pagination}, 200, _links(page, max_page=MAX_PAGE, last=last)


def slice_answer(found: Slice[Any], *, max_page: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The same for a list without a total: `has_more` says whether there is a page after this one."""
    pagination = {"page": found.request.page, "limit": found.request.limit, "has_more": found.has_more}
    return {"data": found.items, "pagination": pagination}, 200, _links(found, max_page=max_page)


def _links(found: Slice[Any], *, max_page: int, last: PageRequest | None = None) -> dict[str, str]:
    first = PageRequest(limit=found.request.limit)
    targets = {"first": first, "prev": found.previous_request, "next": found.next_request, "last": last}
    filters = {name: value for name, value in request.args.items() if name not in PAGE_PARAMETERS}
    here = f"{request.script_root}{request.path}?{urlencode(filters)}{'&' if filters else ''}"
    links = [f'<{here}{_parameters(to, max_page)}>; rel="{name}"' for name, to in targets.items() if to is not None]
    return {"Link": ", ".join(links)}


def _parameters(to: PageRequest, max_page: int) -> str:
    """Page numbers stop at `max_page`; the cursor goes on."""
    numbers = f"page={min(to.page, max_page)}&limit={to.limit}"
    if to.after is not None:
        return f"{numbers}&after={encode_cursor(to.after)}"
    return numbers if to.before is None else f"{numbers}&before={encode_cursor(to.before)}"


class CursorField(fields.Field[Cursor]):
    """A cursor exactly as `encode_cursor` writes it.

    It holds the item's moment and id, both of which the list shows, and is not signed: filters and row-level security
    hold for every cursor. `parse_id` reads the list's kind of id, or raises ValueError.
    """

    def __init__(self, parse_id: Callable[[str], str | UUID | int], **options: Any) -> None:
        shape = {"type": "string", "format": "cursor", "maxLength": MAX_CURSOR_LENGTH, "pattern": "^[A-Za-z0-9_-]+$"}
        super().__init__(metadata={**shape, **options.pop("metadata")}, **options)
        self.parse_id = parse_id

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Cursor:
        try:
            return self._decode(value)
        except ValueError as error:
            raise ValidationError("Give a cursor as it stands in a list's Link header.") from error

    def _decode(self, value: str) -> Cursor:
        if len(value) > MAX_CURSOR_LENGTH:
            raise ValueError("too long")
        text = urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4)).decode("ascii")
        moment, _, id_ = text.partition(" ")
        cursor = Cursor(datetime.fromisoformat(moment).replace(tzinfo=UTC), self.parse_id(id_))
        if not EARLIEST <= cursor.moment < LATEST or encode_cursor(cursor) != value:
            raise ValueError("another spelling")  # padding, a zone, braces, leading zeros
        return cursor


def encode_cursor(cursor: Cursor) -> str:
    """The only text of this cursor, for a URL: base64 of the moment in UTC to the microsecond, a space and the id."""
    moment = cursor.moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return urlsafe_b64encode(f"{moment} {cursor.id}".encode()).rstrip(b"=").decode()


def serial_number(text: str) -> int:
    """The number. Raises ValueError if it is not from 1 to the largest bigint."""
    number = int(text)
    if not 1 <= number <= MAX_SERIAL_NUMBER:
        raise ValueError("not a serial number")
    return number
