"""Somebody who wants in: what he knows, and how he puts a token together."""

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from shared_lib.auth.service_tokens import public_jwk
from shared_lib_testing.issuer import ISSUER

from ..small_service import AUDIENCE

Case = tuple[str, str, int]
"""What it is, the Authorization header's value, the status."""


def b64(content: bytes | str) -> str:
    raw = content.encode() if isinstance(content, str) else content
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Key:
    """A private key, and how it signs."""

    private: Any

    @property
    def public(self) -> dict[str, str]:
        return public_jwk(self.private)

    @property
    def algorithm(self) -> str:
        return self.public["alg"]

    def signature(self, signed: str) -> bytes:
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        return algorithm.sign(signed.encode(), self.private)


def _three_kinds() -> tuple[Key, ...]:
    return (
        Key(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        Key(ec.generate_private_key(ec.SECP256R1())),
        Key(ed25519.Ed25519PrivateKey.generate()),
    )


@dataclass(frozen=True)
class Attacker:
    """Knows what is public, and (for tokens that are right but for one thing) has the issuer's signature as well."""

    trap: str
    """An address that nobody may be led to."""
    keys: tuple[Key, ...] = field(default_factory=_three_kinds)
    foreign: tuple[Key, ...] = field(default_factory=_three_kinds)
    now: int = field(default_factory=lambda: int(time.time()))

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [key.public for key in self.keys]})

    def header(self, key: Key, **difference: Any) -> dict[str, Any]:
        return {"alg": key.algorithm, "kid": key.public["kid"], "typ": "JWT", **difference}

    def claims(self, **difference: Any) -> dict[str, Any]:
        full = {"iss": ISSUER, "aud": AUDIENCE, "sub": "kari", "iat": self.now, "exp": self.now + 300}
        return {**full, "role": "clerk", "org_id": "oslo", **difference}

    def without(self, name: str) -> dict[str, Any]:
        return {key: value for key, value in self.claims().items() if key != name}

    def token(self, key: Key, header: Any = None, claims: Any = None, *, signer: Key | None = None) -> str:
        """Signed by the key, or by another in its name; header and claims as values, text or bytes."""
        parts = [self.header(key) if header is None else header, self.claims() if claims is None else claims]
        signed = ".".join(b64(part if isinstance(part, str | bytes) else json.dumps(part)) for part in parts)
        return f"{signed}.{b64((signer or key).signature(signed))}"


def bearer(name: str, token: str, status: int = 401) -> Case:
    return name, f"Bearer {token}", status
