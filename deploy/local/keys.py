"""The local system's keys: they sign tokens of people and of services, and encrypt reasons and notes."""

import base64
import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

LIFETIME = 3600


@dataclass(frozen=True, kw_only=True)
class Keys:
    private_key: Path
    jwks: Path
    service_key: Path
    service_jwks: Path
    reason_keys: Path
    note_keys: Path

    @classmethod
    def below(cls, data: Path) -> "Keys":
        home = data / "keys"
        return cls(
            private_key=home / "people.pem",
            jwks=home / "people.jwks.json",
            service_key=home / "services.pem",
            service_jwks=home / "services.jwks.json",
            reason_keys=home / "reasons.json",
            note_keys=home / "notes.json",
        )

    def ensure(self) -> None:
        """Make missing keys; existing keys stay, so that tokens are valid after a restart."""
        self.private_key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.jwks.exists():
            _write_pair(rsa.generate_private_key(public_exponent=65537, key_size=2048), self.private_key, self.jwks)
        if not self.service_jwks.exists():
            _write_pair(ec.generate_private_key(ec.SECP256R1()), self.service_key, self.service_jwks)
        for path in (self.reason_keys, self.note_keys):
            if not path.exists():
                key = base64.b64encode(secrets.token_bytes(32)).decode()
                write(path, json.dumps({"current": "first", "keys": {"first": key}}, indent=2).encode())


def mint(description: Mapping[str, Any], *, role: str, subject: str, organisation: str | None) -> str:
    """A signed token of a person, valid for an hour at all three services of the described stack."""
    key = serialization.load_pem_private_key(Path(description["private_key"]).read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("people's tokens are signed with an RSA key")
    now = int(time.time())
    claims = {
        "iss": description["issuer"],
        "aud": sorted(set(description["audiences"].values())),
        "sub": subject,
        "role": role,
        "iat": now,
        "exp": now + LIFETIME,
        **({"org_id": organisation} if organisation else {}),
    }
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": _public_jwk(key)["kid"]})


def _write_pair(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, private: Path, jwks: Path) -> None:
    """The public key is written last: if it exists, the private key is complete."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write(private, pem)
    write(jwks, json.dumps({"keys": [_public_jwk(key)]}, indent=2).encode())


def write(path: Path, content: bytes) -> None:
    """Write a secret in one step, readable by its owner only."""
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        os.fsync(file.fileno())
    fresh.replace(path)


def _public_jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        jwk, algorithm = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "RS256"
    else:
        jwk, algorithm = ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "ES256"
    required: dict[str, Any] = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    return {**required, "alg": algorithm, "use": "sig", "kid": _thumbprint(required)}


def _thumbprint(required: Mapping[str, Any]) -> str:
    """RFC 7638: the hash of the members a key must have, in alphabetical order, without white space."""
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
