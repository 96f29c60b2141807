"""Every error of a Flask application as a problem document (RFC 9457)."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, request
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from shared_lib.errors import Unavailable
from shared_lib.idempotency import IdempotencyKeyReused
from shared_lib.observability.tracing import current_request_id

from .problems import CONTENT_TYPE, Problem, name_of, problem_document

COMMON: Mapping[type[Exception], HTTPStatus] = {IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY}
"""What the error tables of all services have."""

log = structlog.get_logger(__name__)


def register(app: Flask, error_table: Mapping[type[Exception], HTTPStatus]) -> None:
    """Answer the errors of the table with their status and text, and every other exception without its text."""
    handlers: dict[type[Exception], Callable[[Any], Response]] = {
        Problem: _response,
        HTTPException: _http_exception,
        Unavailable: _unavailable,
        ParseException: _unreadable,
        NoMoreData: _unreadable,
        TimeoutError: _too_slow,
        Exception: _unexpected,
    }
    named = ((kind, _handler_for(status)) for kind, status in error_table.items())
    for kind, handler in [*handlers.items(), *named]:
        app.register_error_handler(kind, handler)


def _http_exception(error: HTTPException) -> Response:
    status = error.code if error.code is not None and error.code >= 400 else 404
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if isinstance(error, RequestEntityTooLarge):
        kept["Connection"] = "close"
    return _response(Problem(status, headers=kept))


def _unavailable(error: Unavailable) -> Response:
    log.warning("request.unavailable", reason=error.reason)
    return _response(Problem(503, headers={"Retry-After": "2"}))


def _unreadable(_: Exception) -> Response:
    """Broken chunks, or a client that went away in the middle of its body."""
    return _response(Problem(400, headers={"Connection": "close"}))


def _too_slow(_: TimeoutError) -> Response:
    return _response(Problem(408, headers={"Connection": "close"}))


def _unexpected(error: Exception) -> Response:
    log.error("request.failed", exc_info=error)
    return _response(Problem(500))


def _handler_for(status: HTTPStatus) -> Callable[[Exception], Response]:
    def handler(error: Exception) -> Response:
        after = getattr(error, "retry_after", None)
        headers = {} if after is None else {"Retry-After": str(after)}
        members = getattr(error, "problem_members", None)
        problem = Problem(status.value, str(error) or None, kind=name_of(type(error)), members=members, headers=headers)
        return _response(problem)

    return handler


def _response(problem: Problem) -> Response:
    document = problem_document(
        problem.status,
        problem.detail,
        instance=request.path,
        request_id=current_request_id(),
        kind=problem.kind,
        errors=problem.errors,
    )
    return Response(
        json.dumps({**document, **problem.members}),
        status=problem.status,
        content_type=CONTENT_TYPE,
        headers=dict(problem.headers),
    )
