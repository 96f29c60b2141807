"""Pages over HTTP: `page` and `limit` in, `pagination` and `Link` (RFC 8288) out.

Whoever follows `next` and `prev` goes from item to item (`after`, `before`); `first` and `last` are numbers.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from shared_lib.paging import Page, PageRequest, Portion

from .cursors import cursor_of
from .fields import QueryInteger

LAST_PAGE = 10_000
"""So far pages are found by their number, at the cost of all in front. Cursors lead further, under this number."""
LARGEST = 100
USUAL = 20
PLACE = ("page", "limit", "after", "before")
AFTER: Mapping[str, str] = {"description": "The `next` link's: what follows this place."}
BEFORE: Mapping[str, str] = {"description": "The `prev` link's: what stands before this place."}


class PageQuerySchema(Schema):
    """What every list understands. By subclassing it adds filters, and `after` and `before` with its kind of id."""

    page = QueryInteger(least=1, most=LAST_PAGE, load_default=1, metadata={"description": "From 1."})
    limit = QueryInteger(least=1, most=LARGEST, load_default=USUAL, metadata={"description": "Items per page."})

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
    return {"data": page.items, "pagination": pagination}, 200, _links(page, furthest=LAST_PAGE, last=last)


def portion_answer(portion: Portion[Any], *, last_page: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The same for a list without a total: `has_more` says whether there is anything after this page."""
    place = portion.request
    pagination = {"page": place.page, "limit": place.limit, "has_more": portion.has_more}
    return {"data": portion.items, "pagination": pagination}, 200, _links(portion, furthest=last_page)


def _links(portion: Portion[Any], *, furthest: int, last: PageRequest | None = None) -> dict[str, str]:
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
