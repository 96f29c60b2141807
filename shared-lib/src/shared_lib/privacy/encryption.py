"""Field encryption: texts that the database must not know, by AES-256-GCM, bound to their row."""

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
    """The key is missing, or the ciphertext was altered or belongs to another row."""

    def __init__(self) -> None:
        super().__init__("The text cannot be decrypted.")


@dataclass(frozen=True, kw_only=True)
class FieldCipher:
    """Encrypts with the current key; decrypts with every key that is still in the file."""

    current: str
    keys: dict[str, bytes] = field(repr=False)

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {key_id: AESGCM(key) for key_id, key in self.keys.items()}

    @classmethod
    def from_file(cls, path: str, *, setting: str) -> "FieldCipher":
        """The cipher with the keys of a JSON file. Raises BadSetting, which names the setting and quotes no content."""
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
        """The secret for fingerprints of request bodies with such a text: a plain hash of a short text gives it away.

        It is derived from the first key in the file, so a key rotation does not change it while that key is there.
        """
        return hmac.new(self.keys[next(iter(self.keys))], b"idempotency fingerprint", hashlib.sha256).digest()

    def encrypt(self, row_id: str, text: str) -> tuple[str, bytes]:
        """The id of the key, and the ciphertext with its nonce."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.current, nonce + self._ciphers[self.current].encrypt(nonce, text.encode(), row_id.encode())

    def decrypt(self, row_id: str, key_id: str, ciphertext: bytes) -> str:
        """The text. Raises DecryptionError."""
        nonce, encrypted = ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:]
        try:
            return self._ciphers[key_id].decrypt(nonce, encrypted, row_id.encode()).decode()
        except (KeyError, InvalidTag, ValueError) as fault:
            raise DecryptionError from fault


def _bad_file(setting: str) -> BadSetting:
    return BadSetting(
        f'{setting} must name a JSON file {{"current": "<key id>", "keys": {{"<key id>": "<32 bytes in base64>"}}}}.'
    )
