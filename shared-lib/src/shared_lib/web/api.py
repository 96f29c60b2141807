"""Putting a service's HTTP side together, the same way for all of them."""

import posixpath
import time
from collections.abc import Callable, Container, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, request
from prometheus_client.registry import Collector
from werkzeug.middleware.proxy_fix import ProxyFix

from shared_lib import request_id, tracing
from shared_lib.identifiers import IDENTIFIER

from . import auth, health, metrics, openapi, problems
from .input import Blueprint
from .paths import DoubledPath, IdentifierConverter
from .security_headers import SECURITY_HEADERS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

MOST_BODY_BYTES = 64 * 1024
QUIET = ("/livez", "/readyz", "/metrics")
BEGUN = "shared_lib.begun"
"""Where the WSGI environment keeps when the request was first looked at, on the monotonic clock."""

_ON_THE_PAGE = {**SECURITY_HEADERS, "Content-Security-Policy": openapi.PAGE_POLICY}


def build(
    import_name: str,
    *,
    title: str,
    base_path: str,
    blueprints: Iterable[Blueprint],
    error_table: Mapping[type[Exception], HTTPStatus],
    door: auth.Door,
    checks: Mapping[str, health.Check],
    collectors: Iterable[Collector] = (),
) -> Flask:
    """A Flask application with strict input, problem documents, both path forms, its document, docs and health."""
    app = Flask(import_name, static_folder=None)
    app.config.update(openapi.options(title, base_path), MAX_CONTENT_LENGTH=MOST_BODY_BYTES)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract's order of members is kept
    app.json.compact = True  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.url_map.converters["identifier"] = IdentifierConverter
    api = openapi.DocumentedApi(app)
    api.register_converter(IdentifierConverter, lambda _: {"type": "string", "pattern": f"^{IDENTIFIER}$"})
    public = []
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
        if (blueprint.url_prefix or "").startswith(posixpath.dirname(base_path)):
            public.append(blueprint.url_prefix)
    app.extensions["api"] = api
    openapi.serve(app, api, title=title)
    auth.install(app, door)
    health.install(app, checks)
    metrics.install(app, collectors)
    problems.register(app, error_table)
    app.after_request(_finish)
    app.ensure_sync = _as_it_is  # type: ignore[method-assign]  # as `wsgi_app` below; a subclass would say no more
    inner = DoubledPath(_with_request_id(app.wsgi_app), base_path, public)
    proxies = door.throttle.limits.trusted_proxies
    app.wsgi_app = ProxyFix(inner, x_for=proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def _as_it_is(func: Callable[..., Any]) -> Callable[..., Any]:
    """No view and no hook of ours is a coroutine; Flask would look into each of them again for every request."""
    return func


def _with_request_id(application: "WSGIApplication") -> "WSGIApplication":
    """Outside of Flask, so that whatever happens inside has the id, and every answer what every answer has."""

    def wrapped(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ[BEGUN] = time.monotonic()
        own_id = request_id.accepted(environ.get("HTTP_X_REQUEST_ID"))
        path = environ.get("PATH_INFO", "")
        is_page = path.startswith(openapi.PAGE)

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            own = _without(headers, _ON_THE_PAGE) if is_page else headers
            always = _ON_THE_PAGE if is_page else SECURITY_HEADERS
            return start_response(status, [*own, (request_id.HEADER, own_id), *always.items()], *error)

        with request_id.request_id_bound(own_id):
            if path in QUIET:
                return application(environ, start)
            with tracing.serving(environ.get("HTTP_TRACEPARENT")):
                return application(environ, start)

    return wrapped


def _without(headers: list[tuple[str, str]], names: Container[str]) -> list[tuple[str, str]]:
    """The page's files come from a library that says itself how long they keep."""
    return [header for header in headers if header[0] not in names]


def _finish(response: Response) -> Response:
    asked = request._get_current_object()  # type: ignore[attr-defined]  # the proxy would look for it at every turn
    seconds = time.monotonic() - asked.environ[BEGUN]
    method, route = metrics.known_method(asked.method), asked.url_rule.rule if asked.url_rule is not None else None
    metrics.count(method, route or "none", response.status_code, seconds=seconds)
    if asked.path not in QUIET:
        tracing.answered(method, route or "none", response.status_code)
        log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
            caller=auth.caller_code(),
        )
    return response


def closing(app: Flask, close: Callable[[], None]) -> None:
    """Have `close` called when the web process ends."""
    app.extensions.setdefault("closing", []).append(close)


def close(app: Any) -> None:
    """Run what `closing` was given, last first."""
    for action in reversed(app.extensions.get("closing", [])):
        action()
