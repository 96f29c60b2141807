"""Tokens by which a service identifies itself to a downstream service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared_lib.clock import Clock
from shared_lib.ids import uuid7

from .jwk import public_jwk

LIFETIME_SECONDS = 60
REUSED_SECONDS = 20

Sign = Callable[[str], str]
"""Returns a token for an audience."""


@dataclass(frozen=True, kw_only=True)
class ServiceSigner:
    """Signs the short-lived tokens of one service."""

    key: Any
    kid: str
    algorithm: str
    issuer: str
    name: str
    clock: Clock
    _kept: dict[str, tuple[int, str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_file(cls, path: str, *, issuer: str, name: str, clock: Clock) -> "ServiceSigner":
        """Read a private key in PEM; its `kid` is the RFC 7638 thumbprint of the public one. Raises ValueError."""
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
        public = public_jwk(key)
        return cls(key=key, kid=public["kid"], algorithm=public["alg"], issuer=issuer, name=name, clock=clock)

    def token(self, audience: str) -> str:
        """A token for this audience, valid for 40 s to 60 s more: it is reused for 20 s, because signing is slow."""
        now = int(self.clock().timestamp())
        signed_at, token = self._kept.get(audience, (now - REUSED_SECONDS, ""))
        if 0 <= now - signed_at < REUSED_SECONDS:
            return token
        token = self._signed(audience, now)
        self._kept[audience] = (now, token)
        return token

    def _signed(self, audience: str, now: int) -> str:
        claims = {
            "iss": self.issuer,
            "aud": audience,
            "sub": self.name,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": uuid7().hex,
        }
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers={"kid": self.kid})
