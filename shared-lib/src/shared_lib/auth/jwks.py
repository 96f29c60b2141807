"""The public keys of an issuer: a JWKS (RFC 7517) from a file or a URL, read again as it changes."""

import json
import threading
import time
from collections.abc import Callable
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
ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""One algorithm per key type, so that a token cannot choose another."""


class KeySet:
    """Keys by `kid` from `source`, a file or a URL.

    They are read again when they are old, or for an unknown `kid` (at most every 10 s). When the source fails, the last
    good set stays. Reading a URL takes `fetch_timeout` seconds at most. Nothing in a token leads to another address.
    Threads may share it.
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

    def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of exactly this id, or None."""
        is_known = kid in self._keys
        if self._age > (MAX_AGE_SECONDS if is_known else MIN_INTERVAL_SECONDS):
            self._read_again(wait=not is_known)
        return self._keys.get(kid)

    def is_loaded(self) -> bool:
        """True when there are keys. Reads them if there are none yet."""
        if not self._keys:
            self._read_again(min_age=MIN_INTERVAL_WITHOUT_KEYS_SECONDS)
        return bool(self._keys)

    @property
    def _age(self) -> float:
        return self._monotonic() - self._read_at

    def _read_again(self, *, wait: bool = True, min_age: float = MIN_INTERVAL_SECONDS) -> None:
        """Read the source unless the keys are younger than `min_age`.

        A request without a key waits while another one reads: the first requests of a process come together, and none
        of their tokens may be refused for that. The others go on with the loaded keys.
        """
        if not self._lock.acquire(blocking=wait):
            return
        try:
            if self._age < min_age:
                return
            self._keys = _parse(self._fetch())
            self._read_at = self._monotonic()
        except (OSError, ValueError, RecursionError, requests.RequestException, HTTPError) as error:
            self._read_at = self._monotonic()
            log.error("keys.unreadable", error=type(error).__name__, kept=len(self._keys))
        finally:
            self._lock.release()

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
    kind = member.get("kty")
    algorithm = ALGORITHMS.get(kind) if isinstance(kind, str) else None
    usable = isinstance(member.get("kid"), str) and member.get("use", "sig") == "sig" and "d" not in member
    curve_fits = kind == "RSA" or member.get("crv") in ("P-256", "Ed25519")
    return algorithm if usable and curve_fits and member.get("alg", algorithm) == algorithm else None
