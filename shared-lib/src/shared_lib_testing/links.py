"""Where the `Link` header of a list leads (RFC 8288)."""

import re
from collections.abc import Iterator, Mapping

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MOST_PAGES = 100


def link_of(answer: TestResponse, relation: str) -> str | None:
    found = re.search(rf'<([^>]*)>; rel="{relation}"', answer.headers["Link"])
    return found[1] if found else None


def followed(
    client: FlaskClient, address: str, relation: str = "next", *, headers: Mapping[str, str]
) -> Iterator[TestResponse]:
    """The page of that address, and each it leads to. What is done between two of them is done meanwhile."""
    for _ in range(MOST_PAGES):
        answer = client.get(address, headers=headers)
        yield answer
        target = link_of(answer, relation)
        if target is None:
            return
        address = target
    raise AssertionError(f"there is always a {relation}")
