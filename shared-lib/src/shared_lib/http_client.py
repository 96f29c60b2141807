"""Calls to a neighbour service: bounded in time and size, repeatable, and never led elsewhere."""

import json as jsonlib
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Retry
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from . import tracing
from .errors import Rejected, RetryLater, Unreachable
from .http_connection import pool_to
from .punctual import answer_within
from .request_id import HEADER, current_request_id
from .service_tokens import Sign

TOO_LARGE = "answer_too_large"
"""The reason of an `Unreachable` that will be so every time."""

MOST_BYTES = 1024 * 1024

_ALWAYS = {"Accept-Encoding": "identity", "User-Agent": f"python-urllib3/{version('urllib3')}"}
_ONCE = Retry(False)  # what went wrong is raised as it is; `retries=False` would make one of these per call
_encode = jsonlib.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A 2xx answer: its status and its JSON document ({} when there is none)."""

    status: int
    body: dict[str, Any]


class ServiceClient:
    """Speaks JSON to one service. Safe to share between threads; every call must be safe to repeat.

    A connection that breaks is tried once more on a new one, within the same deadline. Without `sign` no token is
    sent: strangers must not get one.
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
        max_bytes: int = MOST_BYTES,
    ) -> None:
        self._always = {**_ALWAYS, **_credentials(urlsplit(base_url))}
        self._audience = audience
        self._sign = sign
        self._total = total
        self._most_bytes = max_bytes
        self._prefix = _after_the_host(base_url.rstrip("/"))
        self._pool: HTTPConnectionPool | None = None
        with suppress(ValueError):  # an address that names nobody is found out by whoever calls
            self._pool = pool_to(base_url, connect=connect, connections=connections)

    def call(self, method: str, path: str, *, json: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask and wait for the answer, `total` seconds at most.

        Raises Unreachable (no answer, 5xx, 401/403 of a misconfiguration), RetryLater (429) or Rejected (other 4xx);
        their reason is `http_<status>` where there was one.
        """
        with answer_within(self._total), tracing.calling(self._audience or "elsewhere", method):
            response = self._exchange(method, path, json, headers or {})
            return _judged(response, self._body(response))

    def _exchange(self, method: str, path: str, json: object, headers: Mapping[str, str]) -> BaseHTTPResponse:
        try:
            return self._send(method, path, json, headers)
        except (NameResolutionError, ProtocolError, SSLError):
            pass  # a resolver that was busy, or a kept connection that the neighbour gave up just now
        except NewConnectionError as error:
            raise Unreachable("connect_failed") from error
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise Unreachable("timeout") from error
        except (HTTPError, OSError) as error:
            raise Unreachable("connection_lost") from error
        try:
            return self._send(method, path, json, headers)
        except (HTTPError, OSError) as error:
            raise Unreachable("connection_lost") from error

    def _send(self, method: str, path: str, json: object, headers: Mapping[str, str]) -> BaseHTTPResponse:
        everything = {**self._always, **headers, "Accept": "application/json"}
        if self._sign is not None:
            everything["Authorization"] = f"Bearer {self._sign(self._audience)}"
            if (parent := tracing.traceparent()) is not None:
                everything[tracing.HEADER] = parent
        if (request_id := current_request_id()) is not None:
            everything[HEADER] = request_id
        body = None
        if json is not None:
            body = _encode(json).encode()
            everything["Content-Type"] = "application/json"
            everything["Content-Length"] = str(len(body))
        elif method in ("POST", "PUT", "PATCH"):
            everything["Content-Length"] = "0"
        if self._pool is None:
            raise Unreachable("connection_lost")
        target = self._prefix + path
        return self._pool.urlopen(
            method,
            target if target.startswith("/") else f"/{target}",
            body,
            everything,
            retries=_ONCE,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    def _body(self, response: BaseHTTPResponse) -> bytes:
        try:
            body = _read(response, self._most_bytes + 1)
        except (HTTPError, OSError) as error:
            raise Unreachable("connection_lost") from error
        finally:
            if response.connection is not None:  # not read to its end: the next answer would begin with the rest
                response.close()
                response.release_conn()
        if len(body) > self._most_bytes:
            raise Unreachable(TOO_LARGE)
        return body


def _read(response: BaseHTTPResponse, most: int) -> bytes:
    if "Content-Encoding" in response.headers:  # unasked for
        return response.read(most, decode_content=True)
    body = response.read(most, decode_content=False)  # in fewer steps
    if len(body) < most and response.connection is not None:
        body += response.read(most - len(body), decode_content=False)  # nothing, if that was the end; else it raises
    return body


def _judged(response: BaseHTTPResponse, body: bytes) -> Answer:
    status = response.status
    if status == 429:
        raise RetryLater("http_429", retry_after=_seconds(response.headers.get("Retry-After")))
    if status in (401, 403, 408) or not 200 <= status < 500 or 300 <= status < 400:
        raise Unreachable(f"http_{status}", retry_after=_seconds(response.headers.get("Retry-After")))
    if status >= 400:
        raise Rejected(f"http_{status}")
    try:
        document = jsonlib.loads(body) if body else {}
    except (ValueError, RecursionError) as error:
        raise Unreachable("answer_not_json") from error
    if not isinstance(document, dict):
        raise Unreachable("answer_not_an_object")
    return Answer(status=status, body=document)


def _credentials(address: SplitResult) -> dict[str, str]:
    """Basic authentication, for an address with a user and a password in it."""
    if not address.username or address.password is None:
        return {}
    pair = f"{unquote(address.username)}:{unquote(address.password)}"
    return {"Authorization": f"Basic {b64encode(pair.encode('latin-1')).decode()}"}


def _after_the_host(base_url: str) -> str:
    """The beginning of every target: a path, perhaps with a query."""
    _, _, rest = base_url.partition("//")
    return rest.removeprefix(urlsplit(base_url).netloc)


def _seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds, an hour at most; other forms are ignored."""
    return min(float(header), 3600.0) if header is not None and header.isascii() and header.isdigit() else None
