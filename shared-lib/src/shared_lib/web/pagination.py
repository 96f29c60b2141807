"""Pages over HTTP: `page` and `limit` in, `pagination` and `Link` (RFC 8288) out."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, fields, post_load

from shared_lib.paging import Page, PageRequest, Portion

from .fields import QueryInteger

LAST_PAGE = 10_000
LARGEST = 100
USUAL = 20


class PageQuerySchema(Schema):
    """What every list understands; a service's own filters are added by subclassing."""

    page = QueryInteger(least=1, most=LAST_PAGE, load_default=1, metadata={"description": "From 1."})
    limit = QueryInteger(least=1, most=LARGEST, load_default=USUAL, metadata={"description": "Items per page."})

    @post_load
    def build(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """`page` and `limit` become one PageRequest under `page`; filters stay as they are."""
        request_ = PageRequest(page=values.pop("page"), limit=values.pop("limit"))
        return {**values, "page": request_}


class PaginationSchema(Schema):
    page = fields.Integer(required=True)
    limit = fields.Integer(required=True)
    total = fields.Integer(required=True)


def page_document(page: Page[Any]) -> dict[str, Any]:
    """The members `data` and `pagination`, for the list's schema to dump."""
    place = {"page": page.request.page, "limit": page.request.limit, "total": page.total}
    return {"data": page.items, "pagination": place}


def page_answer(page: Page[Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """What a list's view answers: the document, 200, and the `Link` header to the neighbouring pages."""
    return page_document(page), 200, {"Link": ", ".join(_links(page))}


def portion_answer(portion: Portion[Any], *, last_page: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    """The same for a list without a total: `has_more` says whether there is anything after this page."""
    place = portion.request
    pagination = {"page": place.page, "limit": place.limit, "has_more": portion.has_more}
    targets = {"first": 1, "prev": place.page - 1, **({"next": place.page + 1} if portion.has_more else {})}
    links = _rendered(targets, place, last=last_page)
    return {"data": portion.items, "pagination": pagination}, 200, {"Link": ", ".join(links)}


def _links(page: Page[Any]) -> list[str]:
    number, last = page.request.page, min(page.last, LAST_PAGE)
    return _rendered({"first": 1, "prev": number - 1, "next": number + 1, "last": last}, page.request, last=last)


def _rendered(targets: Mapping[str, int], place: PageRequest, *, last: int) -> list[str]:
    return [
        f'<{_address(target, place.limit)}>; rel="{name}"' for name, target in targets.items() if 1 <= target <= last
    ]


def _address(page: int, limit: int) -> str:
    query = {**request.args.to_dict(), "page": page, "limit": limit}
    return f"{request.script_root}{request.path}?{urlencode(query)}"
