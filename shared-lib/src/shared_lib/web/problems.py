"""Errors as RFC 9457 problem documents, from every layer."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from shared_lib.errors import Unavailable
from shared_lib.idempotency import KeyReused
from shared_lib.request_id import current_request_id

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"

TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}

DETAILS = {
    400: "The request could not be understood.",
    401: "A valid bearer token is needed.",
    403: "You may not do this.",
    404: "There is nothing here that you may see.",
    405: "This address does not answer that method.",
    408: "The request did not arrive in time.",
    413: "The request body is too large.",
    415: "Send the body as application/json, UTF-8, unencoded.",
    429: "You have asked too often. Wait as many seconds as Retry-After says.",
    500: "Something went wrong on our side. It has been noted under the request id.",
    503: "The service cannot answer just now. Try again shortly.",
}
"""What is said when nothing more exact is known; never a text of a library."""


class Problem(Exception):
    """An error of the HTTP side itself, ready to be answered."""

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        errors: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}


def problem_response(
    status: int,
    detail: str | None = None,
    *,
    errors: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document for the current request."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or DETAILS.get(status) or HTTPStatus(status).phrase,
        "instance": request.path,
        "request_id": current_request_id(),
    }
    if errors is not None:
        document["errors"] = errors
    return Response(json.dumps(document), status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def register(app: Flask, error_table: Mapping[type[Exception], HTTPStatus]) -> None:
    """Answer a service's own facts by its table, and everything else in a way that tells nothing it should not."""
    handlers: dict[type[Exception], Callable[[Any], Response]] = {
        Problem: _problem,
        HTTPException: _http_error,
        Unavailable: _unavailable,
        ParseException: _unreadable,
        NoMoreData: _unreadable,
        TimeoutError: _too_slow,
        Exception: _unforeseen,
    }
    facts = {**error_table, KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY}
    for kind, handler in [*handlers.items(), *((kind, _fact_handler(status)) for kind, status in facts.items())]:
        app.register_error_handler(kind, handler)


def _problem(error: Problem) -> Response:
    return problem_response(error.status, error.detail, errors=error.errors, headers=error.headers)


def _http_error(error: HTTPException) -> Response:
    status = error.code if error.code is not None and error.code >= 400 else 404
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if isinstance(error, RequestEntityTooLarge):
        kept["Connection"] = "close"
    return problem_response(status, headers=kept)


def _unavailable(error: Unavailable) -> Response:
    log.warning("request.unavailable", reason=error.reason)
    return problem_response(503, headers={"Retry-After": str(error.retry_after)})


def _unreadable(_: Exception) -> Response:
    """Broken chunks, or a client that went away in the middle of its body."""
    return problem_response(400, headers={"Connection": "close"})


def _too_slow(_: TimeoutError) -> Response:
    return problem_response(408, headers={"Connection": "close"})


def _unforeseen(error: Exception) -> Response:
    log.error("request.failed", exc_info=error)
    return problem_response(500)


def _fact_handler(status: HTTPStatus) -> Callable[[Exception], Response]:
    def handler(error: Exception) -> Response:
        return problem_response(status.value, str(error) or None)

    return handler
