"""Seals pause reasons: AES-256-GCM, bound to the event, under a key that can be rotated."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orchestrator_service.domain.errors import ReasonUnreadable

NONCE_BYTES = 12
KEY_BYTES = 32


class BadKeyFile(Exception):
    """The file that REASON_KEYS names is not as it should be. The message shows nothing of it."""

    def __init__(self) -> None:
        super().__init__(
            'REASON_KEYS must name a JSON file {"current": "<key id>", "keys": {"<key id>": "<32 bytes in base64>"}}.'
        )


@dataclass(frozen=True, kw_only=True)
class ReasonVault:
    """Seals under the current key, opens under any that is still in the file."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def from_file(cls, path: str) -> "ReasonVault":
        try:
            document = json.loads(Path(path).read_bytes())
            keys = {key_id: base64.b64decode(key, validate=True) for key_id, key in document["keys"].items()}
            current = document["current"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as fault:
            raise BadKeyFile from fault
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise BadKeyFile
        return cls(current=current, keys=keys)

    @property
    def fingerprint_secret(self) -> bytes:
        """For telling request bodies apart that hold a reason: a bare hash of a short text gives it away.

        Derived from the oldest key still in the file, so that a rotation does not break keys in use.
        """
        return hmac.new(self.keys[next(iter(self.keys))], b"idempotency fingerprint", hashlib.sha256).digest()

    def seal(self, event_id: str, reason: str) -> tuple[str, bytes]:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.current, nonce + AESGCM(self.keys[self.current]).encrypt(nonce, reason.encode(), event_id.encode())

    def open(self, event_id: str, key_id: str, sealed: bytes) -> str:
        """Raises ReasonUnreadable when the key is unknown, or the text was sealed for another event or altered."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self.keys[key_id]).decrypt(nonce, text, event_id.encode()).decode()
        except (KeyError, InvalidTag, ValueError) as fault:
            raise ReasonUnreadable from fault
