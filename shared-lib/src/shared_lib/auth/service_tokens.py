"""Tokens by which a service identifies itself to a downstream service, and the JSON Web Key of its key pair."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from shared_lib.clock import Clock
from shared_lib.ids import uuid7

LIFETIME_SECONDS = 60
REUSE_SECONDS = 20

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
    _reusable: dict[str, tuple[int, str]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_file(cls, path: str, *, issuer: str, name: str, clock: Clock) -> "ServiceSigner":
        """The signer with the private key (PEM) of this file; `kid` is the thumbprint of the key (`public_jwk`).

        Raises OSError for an unreadable file and ValueError for another content.
        """
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
        public = public_jwk(key)
        return cls(key=key, kid=public["kid"], algorithm=public["alg"], issuer=issuer, name=name, clock=clock)

    def token(self, audience: str) -> str:
        """A token for this audience, valid for 40 s to 60 s more: it is reused for 20 s, because signing is slow."""
        now = int(self.clock().timestamp())
        signed_at, token = self._reusable.get(audience, (now - REUSE_SECONDS, ""))
        if 0 <= now - signed_at < REUSE_SECONDS:
            return token
        token = self._signed(audience, now)
        self._reusable[audience] = (now, token)
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


def public_jwk(key: Any) -> dict[str, str]:
    """The public JWK (RFC 7517) of a private key (RSA, P-256 or Ed25519); its `kid` is the RFC 7638 thumbprint."""
    encode: Callable[[Any], Any]
    names: tuple[str, ...]
    if isinstance(key, RSAPrivateKey):
        algorithm, encode, names = "RS256", jwt.algorithms.RSAAlgorithm.to_jwk, ("e", "kty", "n")
    elif isinstance(key, EllipticCurvePrivateKey):
        algorithm, encode, names = "ES256", jwt.algorithms.ECAlgorithm.to_jwk, ("crv", "kty", "x", "y")
    else:
        algorithm, encode, names = "EdDSA", jwt.algorithms.OKPAlgorithm.to_jwk, ("crv", "kty", "x")
    members: dict[str, Any] = json.loads(encode(key.public_key()))
    required = {name: members[name] for name in names}
    digest = hashlib.sha256(json.dumps(required, separators=(",", ":"), sort_keys=True).encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**required, "kid": kid, "use": "sig", "alg": algorithm}
