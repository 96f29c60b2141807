"""The Flask application of a service: what all services have in common."""

import posixpath
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram
from prometheus_client.registry import Collector
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from shared_lib.ids import IDENTIFIER
from shared_lib.observability import tracing

from . import auth, error_handlers, health, openapi
from .json_input import Blueprint
from .problems import SECURITY_HEADERS, problem_list

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 64 * 1024
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
"""Methods with a name of their own in logs and metrics; the rest is `other`."""
REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time from the first look at a request to its answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def build_app(
    import_name: str,
    *,
    title: str,
    base_path: str,
    blueprints: Iterable[Blueprint],
    error_table: Mapping[type[Exception], HTTPStatus],
    authenticator: auth.Authenticator,
    checks: Mapping[str, health.Check],
    collectors: Iterable[Collector] = (),
) -> Flask:
    """A Flask application with strict input, problem documents, both forms of each path, OpenAPI and probes.

    `error_table` maps the errors of the service to the status of their responses.
    """
    errors = {**error_handlers.COMMON, **error_table}
    app = Flask(import_name, static_folder=None)
    app.config.update(openapi.options(title, base_path, problem_list(errors)), MAX_CONTENT_LENGTH=MAX_BODY_BYTES)
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
    auth.install(app, authenticator)
    health.install(app, checks, collectors)
    error_handlers.register(app, errors)
    app.before_request(_start_clock)
    app.after_request(_log_request)
    app.after_request(_add_headers)
    inner = DoubledPath(_with_request_id(app.wsgi_app), base_path, public)
    proxies = authenticator.throttle.limits.trusted_proxies
    app.wsgi_app = ProxyFix(inner, x_for=proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    return app


def _with_request_id(application: "WSGIApplication") -> "WSGIApplication":
    """Bind the request id, and start the trace of the request, around the application with its error handlers.

    Probes are neither traced nor logged.
    """

    def wrapped(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        with tracing.request_id_bound(tracing.accepted_request_id(environ.get("HTTP_X_REQUEST_ID"))):
            if environ.get("PATH_INFO") in health.PATHS:
                return application(environ, start_response)
            with tracing.serving(environ.get("HTTP_TRACEPARENT")):
                return application(environ, start_response)

    return wrapped


def _start_clock() -> None:
    g.started = time.monotonic()


def _add_headers(response: Response) -> Response:
    response.headers.update(SECURITY_HEADERS)
    response.headers[tracing.REQUEST_ID_HEADER] = tracing.current_request_id() or ""
    if request.path.startswith(openapi.PAGE):
        response.headers["Content-Security-Policy"] = openapi.PAGE_POLICY
    return response


def _log_request(response: Response) -> Response:
    seconds = time.monotonic() - g.started
    method = request.method if request.method in METHODS else "other"
    route = request.url_rule.rule if request.url_rule else None
    requests, durations = _meters(method, route or "none", response.status_code)
    requests.inc()
    durations.observe(seconds)
    if request.path not in health.PATHS:
        tracing.answered(method, route or "none", response.status_code)
        log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
            principal=auth.principal_code(),
        )
    return response


@cache
def _meters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The metrics of one kind of response. `route` is a template, so a client cannot choose how many there are."""
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)


def close_with(app: Flask, close: Callable[[], None]) -> None:
    """Let `close_app` call this function when the web process ends."""
    app.extensions.setdefault("close_with", []).append(close)


def close_app(app: Any) -> None:
    """Call the functions that were given to `close_with`, the last one first."""
    for close in reversed(app.extensions.get("close_with", [])):
        close()


class IdentifierConverter(BaseConverter):
    """`<identifier:name>` in a route: an id; other texts are 404."""

    regex = IDENTIFIER


class DoubledPath:
    """WSGI middleware that moves `base` to SCRIPT_NAME where one of `prefixes` (`base` is one of them) follows it.

    The contract prints base path + path, so each path appears doubled. Both forms have the same responses.
    """

    def __init__(self, application: "WSGIApplication", base: str, prefixes: Iterable[str]) -> None:
        self._application = application
        self._base = base
        self._doubled = tuple(base + prefix for prefix in prefixes)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[Any]:
        path = environ.get("PATH_INFO", "")
        if any(path == doubled or path.startswith(f"{doubled}/") for doubled in self._doubled):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self._base
            environ["PATH_INFO"] = path.removeprefix(self._base)
        return self._application(environ, start_response)
