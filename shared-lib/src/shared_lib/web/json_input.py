"""Strict JSON bodies and query strings: no duplicate or unknown members, no deep nesting."""

import codecs
import json
import math
from collections.abc import Mapping
from typing import Any

from flask import Request
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, Schema
from webargs.flaskparser import FlaskParser

from shared_lib.auth.tokens import unique_members

from .problems import Problem

MAX_DEPTH = 32
MAX_INTEGER_DIGITS = 20


def strict_json(body: bytes) -> Any:
    """The value of a UTF-8 JSON text (RFC 8259, and strict as in RFC 7493).

    Raises Problem 400 for malformed JSON, duplicate keys, NaN, huge numbers, NUL, lone surrogates, over 32 levels.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=unique_members,
            parse_constant=_refused,
            parse_int=_bounded_integer,
            parse_float=_finite_float,
        )
        if b"\\u" in body or body.count(b"[") + body.count(b"{") > MAX_DEPTH:
            _check(value, MAX_DEPTH)  # UTF-8 and JSON refuse the rest by themselves
    except (ValueError, RecursionError) as error:
        raise Problem(kind="malformed-json") from error
    return value


class StrictParser(FlaskParser):  # type: ignore[misc, unused-ignore]
    """webargs' parser with `strict_json`, which refuses unknown query parameters."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - webargs declares it as an instance's
        "json": None,
        "query": RAISE,
        "path": RAISE,
        "headers": None,
    }

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The parsed body. Raises Problem 400, 413 (from reading) or 415."""
        is_json = req.mimetype == "application/json" and _is_utf8(req.mimetype_params.get("charset", "utf-8"))
        if not is_json or req.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Problem(415)
        body = req.get_data(cache=True)
        if req.content_length is None and len(body) >= (req.max_content_length or 0):
            raise Problem(413, headers={"Connection": "close"})  # werkzeug cuts a chunked body off at the limit
        return strict_json(body)

    def handle_error(self, error: Any, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any) -> Any:
        """Raises Problem 422 with the errors by field, from every part of the request."""
        errors: dict[str, Any] = {}
        for found in error.messages.values():
            errors.update(found if isinstance(found, Mapping) else {"body": found})
        raise Problem(kind="invalid-fields", errors=errors)


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """flask-smorest's blueprint with the strict parser."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: type[Schema], **options: Any) -> Any:
        """The decorator, with one schema object for all requests: creating one takes longer than loading a request."""
        return super().arguments(schema(), **options)


def _is_utf8(charset: str) -> bool:
    """True for every name of UTF-8, and of US-ASCII, which is a part of it."""
    try:
        return codecs.lookup(charset).name in ("utf-8", "ascii")
    except (LookupError, ValueError):
        return False


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _bounded_integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
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
