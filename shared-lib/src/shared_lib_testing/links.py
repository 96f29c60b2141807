"""The links of a list's `Link` header (RFC 8288)."""

import re
from collections.abc import Iterator, Mapping

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MAX_PAGES = 100


def link_of(answer: TestResponse, relation: str) -> str | None:
    """The target of the link with this relation; None without one."""
    found = re.search(rf'<([^>]*)>; rel="{relation}"', answer.headers["Link"])
    return found[1] if found else None


def followed(
    client: FlaskClient, address: str, relation: str = "next", *, headers: Mapping[str, str]
) -> Iterator[TestResponse]:
    """The page at this address, then each one that the last one links to. Raises AssertionError after 100 pages."""
    for _ in range(MAX_PAGES):
        answer = client.get(address, headers=headers)
        yield answer
        target = link_of(answer, relation)
        if target is None:
            return
        address = target
    raise AssertionError(f"more than {MAX_PAGES} pages")
