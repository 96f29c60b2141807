"""Reading what clients send: strict JSON, nothing doubled, nothing unknown, nothing too deep."""

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Request, request
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser

from .problems import Problem

DEEPEST = 32
KNOWN_QUERIES = 256
"""How many are kept; most callers ask for the first page of one of a few lists."""
LONGEST_NUMBER = 20
"""Digits; more than any number we know of."""


def strict_json(body: bytes) -> Any:
    """Parse UTF-8 JSON (RFC 8259) the strict way (RFC 7493, I-JSON).

    Raises Problem 400 for duplicate keys, NaN, huge numbers, NUL, lone surrogates and more than 32 levels.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_refused,
            parse_int=_bounded_integer,
            parse_float=_finite_float,
        )
        if b"\\u" in body or body.count(b"[") + body.count(b"{") > DEEPEST:
            _check(value, DEEPEST)  # only escaped can characters be in there that UTF-8 and JSON have not refused
    except (ValueError, RecursionError) as error:
        raise Problem(400, "The body is not well-formed JSON (UTF-8, no duplicate keys, at most 32 levels).") from error
    return value


class StrictParser(FlaskParser):  # type: ignore[misc, unused-ignore]
    """webargs' parser with our reading of JSON, and with unknown query parameters refused."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - webargs declares it as an instance's
        "json": None,
        "query": RAISE,
        "path": RAISE,
        "headers": None,
    }

    def __init__(self) -> None:
        super().__init__()
        self._queries: dict[tuple[Any, bytes], Mapping[str, Any]] = {}

    def parse(self, argmap: Any, req: Request | None = None, *, location: str | None = None, **options: Any) -> Any:
        """A query that has been understood is not read again: its meaning depends on nothing else."""
        if location != "query":
            return super().parse(argmap, req, location=location, **options)
        key = argmap, request.query_string
        found = self._queries.get(key)
        if found is None:
            found = super().parse(argmap, req, location=location, **options)
            if len(self._queries) >= KNOWN_QUERIES:
                self._queries.clear()
            self._queries[key] = found
        return dict(found)

    def get_default_request(self) -> Request:
        """The request itself: behind its proxy, every look at it would be a search for it."""
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # typed as what it stands for
        return asked

    def _get_schema(self, argmap: Any, req: Request) -> Schema:
        """Made once per class: to make a schema costs more than to load with it, and none keeps anything of a load."""
        if isinstance(argmap, type) and issubclass(argmap, Schema):
            return _instance_of(argmap)
        return super()._get_schema(argmap, req)  # type: ignore[no-any-return, unused-ignore]

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The parsed body. Raises Problem 400, 413 (from reading) or 415."""
        parameters = {name: value.lower() for name, value in req.mimetype_params.items()}
        plain = req.mimetype == "application/json" and parameters.get("charset", "utf-8") == "utf-8"
        if not plain or req.headers.get("Content-Encoding", "identity") != "identity":
            raise Problem(415)
        body = req.get_data(cache=True)
        if req.content_length is None and len(body) >= (req.max_content_length or 0):
            raise Problem(413, headers={"Connection": "close"})  # werkzeug cuts a chunked body off at the limit
        return strict_json(body)

    def handle_error(self, error: Any, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any) -> Any:
        """Field by field, whatever part of the request they came from."""
        errors: dict[str, Any] = {}
        for found in error.messages.values():
            errors.update(found if isinstance(found, Mapping) else {"body": found})
        raise Problem(422, "Some fields are missing or not as they should be.", errors=errors)


@cache
def _instance_of(schema: type[Schema]) -> Schema:
    return schema()


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """flask-smorest's blueprint, reading input strictly."""

    ARGUMENTS_PARSER = StrictParser()


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _bounded_integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("number too long")
    return int(digits)


def _finite_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("number too large")
    return number


def _check(value: Any, levels: int) -> None:
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value)):
            raise ValueError("unusable character")
    elif isinstance(value, dict | list):
        if levels == 0:
            raise ValueError("too deep")
        for member in value:
            _check(member, levels - 1)
        if isinstance(value, dict):
            for member in value.values():
                _check(member, levels - 1)
