"""Problem documents (RFC 9457): their members and fixed texts.

The gunicorn worker of processes without Flask imports this module too, so it imports no web framework.
"""

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from shared_lib.observability.tracing import REQUEST_ID_HEADER

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Headers of every response: no cache, no frames, no content sniffing. Used with and without Flask."""

CONTENT_TYPE = "application/problem+json"
TYPE = "urn:pause-notices:problem:"
"""What the `type` of every problem begins with; the rest is the name of the problem."""

MAX_ERRORS, MAX_NAME, MAX_ERRORS_BYTES, MAX_INSTANCE = 20, 60, 4096, 250
"""With these a document has at most 8 KiB, whatever was sent: fields, characters of their names, bytes, characters."""

TITLES = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""As RFC 9110 has them; those of Python depend on its version."""

DETAILS = {
    400: "The request could not be understood.",
    401: "A valid bearer token is needed.",
    403: "You may not do this.",
    404: "There is nothing here that you may see.",
    405: "This address does not answer that method.",
    408: "The request did not arrive in time.",
    413: "The request body is too large.",
    414: "The address of the request is too long.",
    415: "Send the body as application/json, UTF-8, unencoded.",
    417: "The expectation of the request cannot be met.",
    429: "You have asked too often. Wait as many seconds as Retry-After says.",
    431: "The headers of the request are too large; a token may have 8192 bytes.",
    500: "Something went wrong on our side. It has been noted under the request id.",
    503: "The service cannot answer just now. Try again shortly.",
}
"""The default `detail` of each status; texts of libraries are never shown."""

NAMED = {
    "malformed-json": (400, "The body is not well-formed JSON (UTF-8, no duplicate keys, at most 32 levels)."),
    "bad-idempotency-key": (400, "Idempotency-Key must be 1 to 255 visible ASCII characters, in quotes or not."),
    "bad-if-match": (400, "If-Match is too long."),
    "role-missing": (403, "Your role may not do this; `detail` names the roles that may."),
    "no-organisation": (403, "Your token names no organisation."),
    "invalid-fields": (422, "Some fields are missing or not as they should be; `errors` says which and how."),
}
"""Problems that are more special than their status: the status, and the default `detail`."""


class Problem(Exception):
    """An error of the HTTP side itself: the status, the members and the headers of its response.

    `kind` names the problem in `type`; by default the name is that of the status. One of NAMED has its own status.
    `members` are added to the document.
    """

    def __init__(
        self,
        status: int | None = None,
        detail: str | None = None,
        *,
        kind: str | None = None,
        errors: Mapping[str, Any] | None = None,
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status or kind)
        self.status = NAMED[kind or ""][0] if status is None else status
        self.detail = detail
        self.kind = kind
        self.errors = errors
        self.members = members or {}
        self.headers = headers or {}


def title_of(status: int) -> str:
    """The name of an HTTP status (RFC 9110). Raises ValueError for an unknown one."""
    return TITLES.get(status) or HTTPStatus(status).phrase


def name_of(problem: int | type[Exception]) -> str:
    """The last part of `type`: `not-found` for 404, `no-coordinator` for the error NoCoordinator."""
    words = title_of(problem) if isinstance(problem, int) else re.sub(r"(?<!^)(?=[A-Z])", " ", problem.__name__)
    return words.lower().replace(" ", "-")


def problem_list(error_table: Mapping[type[Exception], int]) -> str:
    """Every problem of a service as a table (Markdown): what it means, and what the client should do."""
    rows = {name_of(status): (status, text) for status, text in DETAILS.items()} | NAMED
    rows |= {name_of(error): (status, " ".join(str(error.__doc__).split())) for error, status in error_table.items()}
    lines = [f"| `{name}` | {int(status)} | {text} |" for name, (status, text) in rows.items()]
    head = f"A problem has the `type` `{TYPE}` and its name.\n\n| Name | Status | Meaning |\n|---|---|---|\n"
    return head + "\n".join(lines)


def problem_document(
    status: int,
    detail: str | None = None,
    *,
    instance: str,
    request_id: str | None,
    kind: str | None = None,
    errors: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The members of a problem document; `kind` and `detail` default to the name and the fixed text of the status."""
    document: dict[str, Any] = {
        "type": TYPE + (kind or name_of(status)),
        "title": title_of(status),
        "status": status,
        "detail": detail or NAMED.get(kind or "", (0, ""))[1] or DETAILS.get(status) or title_of(status),
        "instance": instance[:MAX_INSTANCE],
        "request_id": request_id,
    }
    if errors is not None:
        document["errors"] = _shortened(errors, iter(range(MAX_ERRORS)))
        while len(json.dumps(document["errors"])) > MAX_ERRORS_BYTES:
            document["errors"].popitem()
    return document


def _shortened(errors: Mapping[Any, Any], places: Iterator[int]) -> dict[str, Any]:
    """The first errors by field, as many as `places` has."""
    return {
        str(name)[:MAX_NAME]: _shortened(found, places) if isinstance(found, Mapping) else found
        for name, found in errors.items()
        if next(places, None) is not None
    }


def raw_problem(status: int, instance: str, request_id: str) -> bytes:
    """A whole HTTP/1.1 response that closes the connection, for requests that never reach the application."""
    body = json.dumps(problem_document(status, instance=instance, request_id=request_id)).encode()
    headers = {
        "Connection": "close",
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        REQUEST_ID_HEADER: request_id,
        **SECURITY_HEADERS,
    }
    lines = [f"HTTP/1.1 {status} {title_of(status)}", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode() + body
