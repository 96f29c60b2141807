"""Calls to a neighbour service: bounded in time and size, repeatable, and never led elsewhere."""

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import _basic_auth_str as basic
from requests.structures import CaseInsensitiveDict
from requests.utils import get_auth_from_url
from urllib3.exceptions import HTTPError

from . import tracing
from .errors import Deferred, Rejected, Unreachable
from .punctual import PunctualAdapter, answer_within
from .request_id import HEADER, current_request_id
from .service_tokens import Sign

TOO_LARGE = "answer_too_large"
"""The reason of an `Unreachable` that will be so every time."""

MOST_BYTES = 1024 * 1024


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
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._always = _credentials(base_url)
        self._audience = audience
        self._sign = sign
        self._connect = connect
        self._total = total
        self._most_bytes = most_bytes
        # Without a Session: it would follow redirects, keep cookies and heed proxies, and costs a third of the call.
        self._adapter = PunctualAdapter(pool_connections=2, pool_maxsize=connections)

    def call(self, method: str, path: str, *, json: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask and wait for the answer, `total` seconds at most.

        Raises Unreachable (no answer, 5xx, 401/403 of a misconfiguration), Deferred (429) or Rejected (other 4xx);
        their reason is `http_<status>` where there was one.
        """
        with answer_within(self._total), tracing.calling(self._audience or "elsewhere", method):
            return self._judged(*self._exchange(method, path, json, headers or {}))

    def _exchange(
        self, method: str, path: str, json: object, headers: Mapping[str, str]
    ) -> tuple[requests.Response, bytes]:
        try:
            return self._send(method, path, json, headers)
        except (requests.ConnectTimeout, requests.Timeout) as error:
            raise Unreachable("timeout") from error
        except requests.ConnectionError as error:
            if _never_connected(error):
                raise Unreachable("connect_failed") from error
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Unreachable("connection_lost") from error
        try:
            return self._send(method, path, json, headers)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise Unreachable("connection_lost") from error

    def _send(
        self, method: str, path: str, json: object, headers: Mapping[str, str]
    ) -> tuple[requests.Response, bytes]:
        everything = {**self._always, **headers, "Accept": "application/json"}
        if self._sign is not None:
            everything["Authorization"] = f"Bearer {self._sign(self._audience)}"
            if (parent := tracing.traceparent()) is not None:
                everything[tracing.HEADER] = parent
        if (request_id := current_request_id()) is not None:
            everything[HEADER] = request_id
        asked = _prepared(method, self._base_url + path, json, everything)
        response = self._adapter.send(asked, stream=True, timeout=(self._connect, self._total))
        with response:
            body = response.raw.read(self._most_bytes + 1, decode_content=True)
            if len(body) > self._most_bytes:
                raise Unreachable(TOO_LARGE)
            return response, body

    @staticmethod
    def _judged(response: requests.Response, body: bytes) -> Answer:
        status = response.status_code
        if status == 429:
            raise Deferred("http_429", retry_after=_seconds(response.headers.get("Retry-After")))
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


def _credentials(base_url: str) -> dict[str, str]:
    """Basic authentication, for an address with a user and a password in it."""
    user, password = get_auth_from_url(base_url)
    return {"Authorization": basic(user, password)} if user else {}


def _prepared(method: str, url: str, json: object, headers: Mapping[str, str]) -> requests.PreparedRequest:
    """Our own addresses and headers need none of the corrections that `requests` would make."""
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.headers = method, url, CaseInsensitiveDict(headers)
    if json is not None:
        prepared.body = jsonlib.dumps(json, separators=(",", ":"), allow_nan=False).encode()
        prepared.headers["Content-Type"] = "application/json"
        prepared.headers["Content-Length"] = str(len(prepared.body))
    elif method in ("POST", "PUT", "PATCH"):
        prepared.headers["Content-Length"] = "0"
    return prepared


def _never_connected(error: requests.ConnectionError) -> bool:
    return "NewConnectionError" in repr(error.args) or "ConnectTimeout" in repr(error.args)


def _seconds(header: str | None) -> float | None:
    """`Retry-After` in seconds, an hour at most; other forms are ignored."""
    return min(float(header), 3600.0) if header is not None and header.isascii() and header.isdigit() else None
