"""Conditional requests (RFC 9110 section 13): an ETag is the version of a record."""

import re

from flask import request

from .problems import Problem

_TAG = re.compile(r'(?:W/)?"v([0-9]{1,18})"', re.ASCII)


def etag(version: int) -> dict[str, str]:
    """The `ETag` header of a record in this version."""
    return {"ETag": f'"v{version}"'}


def wanted_versions() -> frozenset[int] | None:
    """The versions `If-Match` accepts; None when any will do. A tag that is none of ours matches nothing."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    if len(header) > 1000:
        raise Problem(400, "If-Match is too long.")
    found = [_TAG.fullmatch(part.strip()) for part in header.split(",")]
    return frozenset(int(tag[1]) for tag in found if tag is not None)
