"""JSON Web Keys (RFC 7517) of our own key pairs, and their thumbprints (RFC 7638)."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


def public_jwk(key: Any) -> dict[str, str]:
    """The public JWK of a private key (RSA, P-256 or Ed25519), its `kid` the RFC 7638 thumbprint."""
    encode: Callable[[Any], Any]
    names: tuple[str, ...]
    if isinstance(key, RSAPrivateKey):
        algorithm, encode, names = "RS256", jwt.algorithms.RSAAlgorithm.to_jwk, ("e", "kty", "n")
    elif isinstance(key, EllipticCurvePrivateKey):
        algorithm, encode, names = "ES256", jwt.algorithms.ECAlgorithm.to_jwk, ("crv", "kty", "x", "y")
    else:
        algorithm, encode, names = "EdDSA", jwt.algorithms.OKPAlgorithm.to_jwk, ("crv", "kty", "x")
    member: dict[str, Any] = json.loads(encode(key.public_key()))
    required = {name: member[name] for name in names}
    digest = hashlib.sha256(json.dumps(required, separators=(",", ":"), sort_keys=True).encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return {**required, "kid": kid, "use": "sig", "alg": algorithm}
