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
    """The key of this request, None when it has none. Raises Problem 400 for a malformed one.

    `body` is fingerprinted under `secret`: a plain hash of a short text would give the text away.
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    found = _KEY.fullmatch(header.strip())
    if found is None:
        raise Problem(400, "Idempotency-Key must be 1 to 255 visible ASCII characters, in quotes or not.")
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode()
    fingerprint = hmac.new(secret, canonical, hashlib.sha256).digest()
    return RequestKey(principal=principal, operation=operation, key=found[1] or found[2], fingerprint=fingerprint)


def preferred_wait(max_seconds: float) -> tuple[float, dict[str, str]]:
    """The seconds to wait for the outcome, and the header `Preference-Applied` for the response.

    `respond-async` means not at all; `wait=N` at most N seconds; never more than `max_seconds`.
    """
    preference = request.headers.get("Prefer", "")
    wanted = [part.strip().lower() for part in preference.split(",")]
    if "respond-async" in wanted:
        return 0.0, {"Preference-Applied": "respond-async"}
    for part in wanted:
        if found := _WAIT.fullmatch(part):
            seconds = int(found[1])
            return min(float(seconds), max_seconds), {"Preference-Applied": f"wait={seconds}"}
    return max_seconds, {}
