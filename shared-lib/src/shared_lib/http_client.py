"""Calls to a downstream service, limited in time and size. Redirects are not followed."""

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidURL, MissingSchema
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, ProtocolError

from shared_lib.auth.service_tokens import Sign
from shared_lib.deadline import DeadlineSocket, deadline_tls_context, time_left, total_timeout
from shared_lib.errors import Rejected, RetryLater, Unreachable
from shared_lib.observability import tracing
from shared_lib.observability.tracing import REQUEST_ID_HEADER, current_request_id

TOO_LARGE = "answer_too_large"
"""The reason of an `Unreachable` that every retry would get again."""

MAX_BYTES = 1024 * 1024
MAX_RETRY_AFTER_SECONDS = 3600.0


class FinalResponse(HTTPConnection.response_class):  # type: ignore[misc, valid-type] # it is a class
    """Skips informational responses (RFC 9110, section 15.2) and refuses malformed headers."""

    def begin(self) -> None:
        super().begin()
        while 102 <= self.status < 200:  # the standard library skips 100 only; we never ask for 101
            self.headers = None  # or `begin` returns at once
            super().begin()
        if self.msg.defects or self.msg.get_payload():
            raise ProtocolError("malformed headers")


class _Connection(HTTPConnection):
    response_class = FinalResponse

    def connect(self) -> None:
        super().connect()
        self.sock = DeadlineSocket.replacing(self.sock)


class _TlsConnection(HTTPSConnection):
    response_class = FinalResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options, ssl_context=deadline_tls_context())


class DeadlineAdapter(HTTPAdapter):
    """Connects `requests` by deadline sockets."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


class ServiceSession(requests.Session):
    """A session that threads may share. Put a `total_timeout` around each request and the reading of its response.

    It ignores proxies and .netrc of the environment, follows no redirect, stores no cookie and asks for uncompressed
    responses. When all connections are in use it opens one more and closes it afterwards.
    """

    def __init__(self, *, connections: int = 1) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            self.mount(scheme, DeadlineAdapter(pool_maxsize=connections))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None; else `requests` reads the whole body of a redirect, of any size, even if it may not follow it."""


def read_body(response: requests.Response, max_bytes: int) -> bytes | None:
    """The whole body, decompressed; None when it is larger. Raises urllib3's HTTPError or OSError."""
    body: bytes = response.raw.read(max_bytes + 1, decode_content=True)
    return body if len(body) <= max_bytes else None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A 2xx response: its status and its JSON document ({} for an empty body)."""

    status: int
    body: dict[str, Any]


class ServiceClient:
    """Sends JSON to one service. Threads may share it.

    Every call must be safe to repeat: when a connection breaks, it is sent once more, within the same deadline. A token
    is sent only with `sign`, because other owners' services must not get one; user and password of the URL are sent
    without it. `connect` and `total` are seconds.
    """

    def __init__(
        self,
        base_url: str,
        *,
        audience: str = "",
        sign: Sign | None = None,
        connect: float = 1.0,
        total: float = 6.0,
        connections: int = 16,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._audience = audience
        self._connect = connect
        self._total = total
        self._max_bytes = max_bytes
        self._session = ServiceSession(connections=connections)
        self._session.headers["Accept"] = "application/json"
        self._auth = partial(_authorize, sign, audience) if sign is not None else None

    def call(self, method: str, path: str, *, json: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """The response to a request.

        Raises Unreachable (none in time, 5xx, 401/403 of a misconfiguration), RetryLater (429) or Rejected (other 4xx);
        their reason is `http_<status>` after a response. Raises ValueError for a header with a line break in it.
        """
        with total_timeout(self._total), tracing.calling(self._audience or "elsewhere", method):
            complete = {**self._session.headers, **(headers or {})}
            if (request_id := current_request_id()) is not None:
                complete[REQUEST_ID_HEADER] = request_id
            try:  # not prepared by the session: to merge its settings costs more than to send the request
                request = requests.Request(method, self._base_url + path, json=json, headers=complete, auth=self._auth)
                prepared = request.prepare()
            except (InvalidURL, MissingSchema) as error:
                raise Unreachable("connection_lost") from error
            with self._send(prepared) as response:
                return _classified(response, self._body(response))

    def _send(self, request: requests.PreparedRequest, *, is_retry: bool = False) -> requests.Response:
        try:
            return self._session.send(request, timeout=(min(self._connect, time_left()), None), stream=True)
        except requests.Timeout as error:
            raise Unreachable("timeout") from error
        except (requests.ConnectionError, HTTPError, OSError) as error:
            if _is_refused(error):
                raise Unreachable("connect_failed") from error
            if is_retry or not isinstance(error, requests.ConnectionError):
                raise Unreachable("connection_lost") from error
        return self._send(request, is_retry=True)

    def _body(self, response: requests.Response) -> bytes:
        try:
            body = read_body(response, self._max_bytes)
        except (HTTPError, OSError) as error:
            raise Unreachable("connection_lost") from error
        if body is None:
            raise Unreachable(TOO_LARGE)
        return body


def _authorize(sign: Sign, audience: str, request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add a token and the trace; a service of another owner must get neither."""
    request.headers["Authorization"] = f"Bearer {sign(audience)}"
    if (parent := tracing.traceparent()) is not None:
        request.headers[tracing.TRACE_HEADER] = parent
    return request


def _is_refused(error: Exception) -> bool:
    """True when nothing listens there. A failed DNS look-up is not that: the resolver may have been busy."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError) and not isinstance(reason, NameResolutionError)


def _classified(response: requests.Response, body: bytes) -> Answer:
    status, retry_after = response.status_code, _seconds(response.headers.get("Retry-After"))
    if status == 429:
        raise RetryLater("http_429", retry_after=retry_after)
    if status in (401, 403, 408) or not 200 <= status < 500 or 300 <= status < 400:
        raise Unreachable(f"http_{status}", retry_after=retry_after)
    if status >= 400:
        raise Rejected(f"http_{status}")
    try:
        document = jsonlib.loads(body) if body else {}
    except (ValueError, RecursionError) as error:
        raise Unreachable("answer_not_json") from error
    if not isinstance(document, dict):
        raise Unreachable("answer_not_an_object")
    return Answer(status=status, body=document)


def _seconds(header: str | None) -> float | None:
    """The seconds of `Retry-After`, an hour at most; None for other forms."""
    digits = (header or "").strip()
    return min(float(digits), MAX_RETRY_AFTER_SECONDS) if digits.isascii() and digits.isdigit() else None
