"""The header `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header) and `Prefer` (RFC 7240)."""

import hashlib
import hmac
import json
import re
from typing import Any

from flask import request

from shared_lib.idempotency import RequestKey

from .problems import Problem

REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r'"([\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255})', re.ASCII)
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,4})\"?", re.ASCII)


def request_key(operation: str, *, principal: str, body: Any, secret: bytes) -> RequestKey | None:
    """The idempotency key of the current request; None without one. Raises Problem 400 for a malformed one.

    `body` is fingerprinted with `secret`, because a plain hash of a short text gives the text away.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    found = _KEY.fullmatch(header.strip())
    if found is None:
        raise Problem(kind="bad-idempotency-key")
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode()
    fingerprint = hmac.new(secret, canonical, hashlib.sha256).digest()
    return RequestKey(principal=principal, operation=operation, key=found[1] or found[2], fingerprint=fingerprint)


def preferred_wait(max_seconds: float) -> tuple[float, dict[str, str]]:
    """The seconds to wait for the outcome, and the header `Preference-Applied` of the response.

    `respond-async` is 0; `wait=N` is N, `max_seconds` at most; without a preference it is `max_seconds`.
    """
    preferences = [part.strip().lower() for part in request.headers.get("Prefer", "").split(",")]
    if "respond-async" in preferences:
        return 0.0, {"Preference-Applied": "respond-async"}
    for part in preferences:
        if found := _WAIT.fullmatch(part):
            seconds = int(found[1])
            return min(float(seconds), max_seconds), {"Preference-Applied": f"wait={seconds}"}
    return max_seconds, {}
