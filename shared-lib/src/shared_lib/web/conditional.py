"""Conditional requests (RFC 9110 section 13): the ETag of a resource is its version."""

import re

from flask import request

from .problems import Problem

_TAG = re.compile(r'(?:W/)?"v([0-9]{1,18})"', re.ASCII)


def etag(version: int) -> dict[str, str]:
    """The `ETag` header of a resource with this version."""
    return {"ETag": f'"v{version}"'}


def wanted_versions() -> frozenset[int] | None:
    """The versions that `If-Match` accepts; None when it accepts any. A foreign tag matches no version.

    Raises Problem 400 for more than 1,000 characters.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    if len(header) > 1000:
        raise Problem(kind="bad-if-match")
    found = [_TAG.fullmatch(part.strip()) for part in header.split(",")]
    return frozenset(int(tag[1]) for tag in found if tag is not None)
