"""Public keys that sign tokens: a JWKS from a file or a URL, followed as it changes."""

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

FRESH_SECONDS = 300.0
AGAIN_SECONDS = 10.0
MISSING_SECONDS = 1.0
MAX_BYTES = 256 * 1024
FETCH_SECONDS = 5.0
CONNECT_SECONDS = 2.0
ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""One algorithm per key type, so that a token cannot choose another."""


class KeySet:
    """Keys by `kid` from `source`, a file or a URL.

    They are read again when they are old, or when an unknown `kid` comes (at most every 10 s). When the source fails,
    the last good set is kept. A fetch takes `fetch_seconds` at most. Nothing in a token leads to another address.
    """

    def __init__(
        self,
        source: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self._source = source
        self._fetch_seconds = fetch_seconds
        self._monotonic = monotonic
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of exactly this id, or None."""
        is_known = kid in self._keys
        if self._age > (FRESH_SECONDS if is_known else AGAIN_SECONDS):
            self._read_again(wait=not is_known)
        return self._keys.get(kid)

    def is_loaded(self) -> bool:
        """Are there keys? Reads them if none have been read yet."""
        if not self._keys:
            self._read_again(unless_younger=MISSING_SECONDS)
        return bool(self._keys)

    @property
    def _age(self) -> float:
        return self._monotonic() - self._read_at

    def _read_again(self, *, wait: bool = True, unless_younger: float = AGAIN_SECONDS) -> None:
        """A request that lacks a key waits for a reading that is under way: the first requests of a new process come
        together, and none of their good tokens may be refused. Other requests use the keys that are loaded."""
        if not self._lock.acquire(blocking=wait):
            return
        try:
            if self._age < unless_younger:
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
            total_timeout(self._fetch_seconds),
            ServiceSession() as session,
            session.get(self._source, timeout=(CONNECT_SECONDS, None), stream=True) as response,
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
