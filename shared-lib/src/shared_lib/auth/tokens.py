"""Bearer tokens (RFC 7519, RFC 8725) and the principals they stand for."""

import base64
import binascii
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from shared_lib.clock import Clock

from .jwks import KeySet

MAX_BYTES = 8 * 1024
LEEWAY_SECONDS = 30


FAULTS = {
    "scheme": "The Authorization header must be Bearer and a token.",
    "too_long": f"The token has more than {MAX_BYTES} bytes.",
    "shape": "The token is not a well-formed JSON Web Token.",
    "crit": "The token demands an extension that is not supported.",
    "key": "No trusted key has the kid and the alg of the token.",
    "signature": "The signature of the token is wrong.",
    "issuer": "The token is from another issuer.",
    "audience": "The token is for another audience.",
    "claim": "A claim of the token is missing or unusable.",
    "expired": "The token has expired.",
    "early": "The token is not valid yet.",
    "lifetime": "The token is valid for longer than is accepted.",
}
"""Why a token is not trusted, by code: for `error_description` of RFC 6750, which allows no quotation marks."""


class InvalidToken(Exception):
    """The token is not trusted. Its text is one of the codes of FAULTS."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who makes a request, by their token: `subject` is a person, or a service when `is_service`."""

    subject: str
    roles: frozenset[str] = frozenset()
    organisation: str | None = None
    is_service: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimNames:
    """The claims that hold the person's id, roles and organisation: names, or paths such as `realm_access.roles`."""

    subject: str = "sub"
    role: str = "role"
    organisation: str = "org_id"
    role_prefix: str = ""
    """Roles count without this prefix; roles that do not have it are ignored."""
    role_map: Mapping[str, str] | None = None
    """Our name of a role by the issuer's; other roles are ignored. None when the names are the same."""

    def roles(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """The roles by our names. What is not a text is ignored."""
        found = _claim(claims, self.role)
        names = [role for role in (found if isinstance(found, list) else [found]) if isinstance(role, str)]
        own = [name.removeprefix(self.role_prefix) for name in names if name.startswith(self.role_prefix)]
        return frozenset(
            own if self.role_map is None else [self.role_map[name] for name in own if name in self.role_map]
        )


@dataclass(frozen=True, kw_only=True)
class TokenVerifier:
    """Trusts tokens of one issuer for one audience, signed by one of `keys`, valid `max_lifetime` seconds or less."""

    keys: KeySet
    issuer: str
    audience: str
    clock: Clock
    claims: ClaimNames = ClaimNames()
    max_lifetime: int = 3600
    for_services: bool = False

    def knows_key_of(self, token: str) -> bool:
        """True when the token names a key that is loaded. The signature is not verified."""
        try:
            return self.keys.knows(_kid(_member(token, 0)))
        except InvalidToken:
            return False

    def verify(self, token: str) -> Principal:
        """The principal that the token was issued to. Raises InvalidToken for every fault."""
        header, claims = _member(token, 0), _member(token, 1)
        if "crit" in header:
            raise InvalidToken("crit")
        key = self.keys.find(_kid(header))
        if key is None or header.get("alg") != key.algorithm_name:
            raise InvalidToken("key")
        self._verify_signature(token, key)
        self._check_times(claims)
        return self._principal(claims)

    def _verify_signature(self, token: str, key: jwt.PyJWK) -> None:
        """Signature, issuer and audience; the times are checked by our own clock."""
        try:
            jwt.decode(
                token,
                key=key,
                algorithms=[key.algorithm_name],
                audience=self.audience,
                issuer=self.issuer,
                options={
                    "require": ["iss", "aud", "sub", "exp", "iat"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise InvalidToken(
                next((code for kind, code in _CODES.items() if isinstance(error, kind)), "claim")
            ) from error

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self.clock().timestamp()
        issued, expires = _moment(claims["iat"]), _moment(claims["exp"])
        not_before = _moment(claims.get("nbf", issued))
        if expires <= now - LEEWAY_SECONDS:
            raise InvalidToken("expired")
        if max(issued, not_before) > now + LEEWAY_SECONDS:
            raise InvalidToken("early")
        if not 0 < expires - issued <= self.max_lifetime:
            raise InvalidToken("lifetime")

    def _principal(self, claims: dict[str, Any]) -> Principal:
        organisation = _claim(claims, self.claims.organisation)
        return Principal(
            subject=_word(_claim(claims, self.claims.subject)),
            roles=self.claims.roles(claims),
            organisation=None if organisation is None else _word(organisation),
            is_service=self.for_services,
        )


_CODES: Mapping[type[Exception], str] = {
    jwt.InvalidSignatureError: "signature",
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidAudienceError: "audience",
    jwt.DecodeError: "shape",
}
"""The code of PyJWT's errors, the special ones first; the others are about claims."""


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The `object_pairs_hook` of a strict JSON parser. Raises ValueError for duplicate names."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _member(token: str, index: int) -> dict[str, Any]:
    if len(token) > MAX_BYTES:
        raise InvalidToken("too_long")
    if token.count(".") != 2:
        raise InvalidToken("shape")
    part = token.split(".")[index]
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        value = json.loads(text, object_pairs_hook=unique_members)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InvalidToken("shape") from error
    if not isinstance(value, dict):
        raise InvalidToken("shape")
    return value


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of this name, else the nested claim at this path; names may have dots themselves. None without one."""
    if path in claims:
        return claims[path]
    for dot in (position for position, sign in enumerate(path) if sign == "."):
        inner = claims.get(path[:dot])
        if isinstance(inner, dict) and (found := _claim(inner, path[dot + 1 :])) is not None:
            return found
    return None


def _kid(header: dict[str, Any]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("key")
    return kid


def _moment(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken("claim")
    try:
        moment = float(value)
    except OverflowError as error:
        raise InvalidToken("claim") from error
    if not math.isfinite(moment):
        raise InvalidToken("claim")
    return moment


def _word(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 128 or not value.isascii() or not value.isprintable():
        raise InvalidToken("claim")
    return value
