"""Seals texts that the database must not know: AES-256-GCM, bound to their row, under a key that can be rotated."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared_lib.config import BadSetting

NONCE_BYTES = 12
KEY_BYTES = 32


class DecryptionError(Exception):
    """The key is not there any more, or the text was altered or sealed for another row."""

    def __init__(self) -> None:
        super().__init__("The text cannot be opened.")


@dataclass(frozen=True, kw_only=True)
class FieldCipher:
    """Seals under the current key, opens under any that is still in the file."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {key_id: AESGCM(key) for key_id, key in self.keys.items()}

    @classmethod
    def from_file(cls, path: str, *, setting: str) -> "FieldCipher":
        """Raises BadSetting, which names the setting and shows nothing of the file."""
        try:
            document = json.loads(Path(path).read_bytes())
            keys = {key_id: base64.b64decode(key, validate=True) for key_id, key in document["keys"].items()}
            current = document["current"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as fault:
            raise _bad_file(setting) from fault
        if current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise _bad_file(setting)
        return cls(current=current, keys=keys)

    @property
    def fingerprint_secret(self) -> bytes:
        """For telling request bodies apart that hold such a text: a bare hash of a short text gives it away.

        Derived from the oldest key still in the file, so that a rotation does not break keys in use.
        """
        return hmac.new(self.keys[next(iter(self.keys))], b"idempotency fingerprint", hashlib.sha256).digest()

    def encrypt(self, row_id: str, text: str) -> tuple[str, bytes]:
        """The id of the key, and the sealed text."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.current, nonce + self._ciphers[self.current].encrypt(nonce, text.encode(), row_id.encode())

    def decrypt(self, row_id: str, key_id: str, sealed: bytes) -> str:
        """Raises Unreadable."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._ciphers[key_id].decrypt(nonce, text, row_id.encode()).decode()
        except (KeyError, InvalidTag, ValueError) as fault:
            raise DecryptionError from fault


def _bad_file(setting: str) -> BadSetting:
    return BadSetting(
        f'{setting} must name a JSON file {{"current": "<key id>", "keys": {{"<key id>": "<32 bytes in base64>"}}}}.'
    )
