"""The public keys of an issuer: a JWKS (RFC 7517) from a file or a URL, read again as it changes."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jwt
import requests
import structlog
from urllib3.exceptions import HTTPError

from shared_lib.deadline import total_timeout
from shared_lib.http_client import ServiceSession, read_body

log = structlog.get_logger(__name__)

MAX_AGE_SECONDS = 300.0
MIN_INTERVAL_SECONDS = 10.0
"""Between two readings, however many unknown key ids come."""
MIN_INTERVAL_WITHOUT_KEYS_SECONDS = 1.0
MAX_BYTES = 256 * 1024
FETCH_TIMEOUT = 5.0
CONNECT_TIMEOUT = 2.0
WAIT_SECONDS = 2.0
MAX_WAITING = 2
"""Requests that may wait for a reading because none of the loaded keys is theirs."""
ALGORITHMS = {
    "RSA": ("RS256", "PS256"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "OKP Ed25519": ("EdDSA",),
}
"""The algorithms of a type and curve of keys. A key has that of its `alg`, or the first: no token chooses."""


class KeySet:
    """Keys by `kid` from `source`, a file or a URL.

    They are read again in the background when they are old, or for an unknown `kid` (at most every 10 s). When the
    source fails, the last good set stays. Reading a URL takes `fetch_timeout` seconds at most. Nothing in a token leads
    to another address. Threads may share it.
    """

    def __init__(
        self,
        source: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        fetch_timeout: float = FETCH_TIMEOUT,
    ) -> None:
        self._source = source
        self._fetch_timeout = fetch_timeout
        self._monotonic = monotonic
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = float("-inf")
        self._lock = threading.Lock()
        self._reader = ThreadPoolExecutor(1)
        self._reading: Future[None] = Future()
        self._reading.set_result(None)
        self._waiting = threading.Semaphore(MAX_WAITING)

    def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of exactly this id, or None.

        A request with a loaded key never waits. Another one waits 2 s at most for a reading: all that come before the
        first reading has ended, because none of their tokens may be refused for that; later only `MAX_WAITING`.
        """
        is_known = self.knows(kid)
        self._refresh(MAX_AGE_SECONDS if is_known else MIN_INTERVAL_SECONDS)
        if not is_known and not self._reading.done():
            self._wait()
        return self._keys.get(kid)

    def knows(self, kid: str) -> bool:
        """True when the key is loaded. Reads nothing."""
        return kid in self._keys

    def is_loaded(self) -> bool:
        """True when there are keys. Reads them if there are none yet."""
        if not self._keys:
            self._refresh(MIN_INTERVAL_WITHOUT_KEYS_SECONDS)
            self._wait()
        return bool(self._keys)

    def _refresh(self, max_age: float) -> None:
        """Begin to read the source in the background, once at a time, unless the keys are younger than `max_age`."""
        with self._lock:
            if self._reading.done() and self._monotonic() - self._read_at > max_age:
                self._reading = self._reader.submit(self._read)

    def _wait(self) -> None:
        if self._read_at == float("-inf"):
            wait([self._reading], WAIT_SECONDS)
        elif self._waiting.acquire(blocking=False):
            wait([self._reading], WAIT_SECONDS)
            self._waiting.release()

    def _read(self) -> None:
        try:
            self._keys = _parse(self._fetch())
        except (OSError, ValueError, RecursionError, requests.RequestException, HTTPError) as error:
            log.error("keys.unreadable", error=type(error).__name__, kept=len(self._keys))
        finally:
            self._read_at = self._monotonic()

    def _fetch(self) -> bytes:
        if not self._source.startswith(("http://", "https://")):
            return Path(self._source).read_bytes()
        with (
            total_timeout(self._fetch_timeout),
            ServiceSession() as session,
            session.get(self._source, timeout=(CONNECT_TIMEOUT, None), stream=True) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise ValueError("not a key set")
            body = read_body(response, MAX_BYTES)
            if body is None:
                raise ValueError("too large")
            return body


def _parse(document: bytes) -> dict[str, jwt.PyJWK]:
    """The usable keys; unreadable ones are left out. Raises ValueError when none is left."""
    content = json.loads(document)
    members = content.get("keys") if isinstance(content, dict) else None
    keys = {}
    for member in members if isinstance(members, list) else []:
        algorithm = _algorithm(member) if isinstance(member, dict) else None
        if algorithm is not None:
            with suppress(jwt.PyJWTError, ValueError, TypeError):
                keys[member["kid"]] = jwt.PyJWK(member, algorithm=algorithm)
    if not keys:
        raise ValueError("no usable key")
    return keys


def _algorithm(member: dict[str, Any]) -> str | None:
    """The one algorithm of this key; None for a key that we do not use."""
    known = ALGORITHMS.get(f"{member.get('kty')} {member.get('crv', '')}".strip(), ())
    usable = isinstance(member.get("kid"), str) and member.get("use", "sig") == "sig" and "d" not in member
    algorithm = member.get("alg", known[0] if known else None)
    return algorithm if usable and algorithm in known else None
