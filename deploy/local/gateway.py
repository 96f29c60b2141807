"""The gateway of the local system: a WSGI app that passes each request to the service of its path."""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from routes import route_for
from shared_lib.observability.tracing import accepted_request_id
from shared_lib.web.problems import CONTENT_TYPE, SECURITY_HEADERS, problem_document
from upstream import Answer, Cut, Request, Slow, Upstream

BODY_LIMIT = 64 * 1024
DRAIN_LIMIT = 32 * 1024 * 1024

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_OF_ONE_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
_SET_BY_US = frozenset(
    {"content-length", "expect", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
    | {"x-real-ip", "x-request-id"}
)
_SET_BY_OUR_SERVER = frozenset({"date", "server", "x-request-id"})

log = logging.getLogger("gateway")


class Refused(Exception):
    """The gateway answers by itself, with a problem document."""

    def __init__(self, status: HTTPStatus, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


class Gateway:
    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        request_id = accepted_request_id(environ.get("HTTP_X_REQUEST_ID"))
        try:
            answer = self._answer(environ, request_id)
        except Refused as refused:
            answer = _problem(refused, environ, request_id)
        reason = HTTPStatus(answer.status).phrase if answer.status in set(HTTPStatus) else "Unknown"
        start(f"{answer.status} {reason}", [*answer.headers, ("X-Request-ID", request_id)])
        return [answer.body]

    def _answer(self, environ: dict[str, Any], request_id: str) -> Answer:
        target = _origin_form(environ["RAW_URI"])
        body = _body(environ)
        route = route_for(target)
        if route is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
        method, service = environ["REQUEST_METHOD"], route.service
        if method not in route.methods:
            allowed = ", ".join(route.methods)
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "This address does not answer that method.", Allow=allowed)
        request = Request(method, target, _forwarded(environ, request_id), body)
        try:
            answer = self._upstreams[service].ask(request)
        except Slow:
            log.warning("timeout service=%s request_id=%s", service, request_id)
            raise Refused(HTTPStatus.GATEWAY_TIMEOUT, "The service did not answer in time.") from None
        except Cut as cut:
            log.warning("unreachable service=%s request_id=%s cause=%s", service, request_id, cut)
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "The service cannot be reached right now.", Retry_After="1"
            ) from None
        return Answer(answer.status, _without(answer.headers, _SET_BY_OUR_SERVER), answer.body)


def _origin_form(target: str) -> str:
    """The target as a service expects it: `/path?query`, also when the client wrote `http://host/path?query`."""
    if target.startswith(("http://", "https://")):
        parts = target.split("/", 3)
        target = "/" + (parts[3] if len(parts) > 3 else "")
    if not target.isascii():
        raise Refused(HTTPStatus.BAD_REQUEST, "The address holds characters that must be percent-encoded.")
    return target


def _body(environ: dict[str, Any]) -> bytes:
    """The whole body; one that is too long is read to its end, so that the client sees our answer, not a reset."""
    stream = environ["wsgi.input"]
    try:
        if int(environ.get("CONTENT_LENGTH") or 0) <= BODY_LIMIT:
            body: bytes = stream.read(BODY_LIMIT + 1)
            if len(body) <= BODY_LIMIT:
                return body
        for _ in range(DRAIN_LIMIT // BODY_LIMIT):
            if not stream.read(BODY_LIMIT):
                break
    except TimeoutError:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time.", Connection="close") from None
    raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have at most {BODY_LIMIT} bytes.")


def _forwarded(environ: Mapping[str, Any], request_id: str) -> list[tuple[str, str]]:
    """The client's headers for the service, without hop-by-hop headers and without those that only a proxy may set."""
    sent = [(key[5:].replace("_", "-").title(), value) for key, value in environ.items() if key.startswith("HTTP_")]
    if environ.get("CONTENT_TYPE"):
        sent.append(("Content-Type", environ["CONTENT_TYPE"]))
    return [
        *_without(sent, _SET_BY_US),
        ("X-Forwarded-For", environ["REMOTE_ADDR"]),
        ("X-Forwarded-Proto", environ["wsgi.url_scheme"]),
        ("X-Request-ID", request_id),
    ]


def _without(headers: list[tuple[str, str]], names: frozenset[str]) -> list[tuple[str, str]]:
    """Those headers that travel on: not the hop-by-hop ones, not those that Connection names, not `names`."""
    connection = ",".join(value for name, value in headers if name.lower() == "connection")
    named = {token.strip().lower() for token in connection.split(",")}
    return [(name, value) for name, value in headers if name.lower() not in names | named | _OF_ONE_HOP]


def _problem(refused: Refused, environ: Mapping[str, Any], request_id: str) -> Answer:
    path = urlsplit(environ["RAW_URI"]).path if environ["RAW_URI"].startswith("/") else "/"
    document = problem_document(refused.status.value, str(refused), instance=path, request_id=request_id)
    body = json.dumps(document).encode()
    headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
    return Answer(refused.status, [*headers, *SECURITY_HEADERS.items(), *refused.headers], body)


def from_environment() -> Gateway:
    """`UPSTREAMS` names the services: `orchestrator=http://127.0.0.1:8101 notification=…`."""
    pairs = (entry.partition("=") for entry in os.environ["UPSTREAMS"].split())
    return Gateway({service: Upstream(url) for service, _, url in pairs})
