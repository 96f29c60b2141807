"""Bearer tokens (RFC 7519, RFC 8725) and the principals they stand for."""

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import Any

import jwt

from shared_lib.clock import Clock

from .jwks import KeySet

MAX_BYTES = 8 * 1024
LEEWAY_SECONDS = 30


class InvalidToken(Exception):
    """The token is not trusted. Its text is a code for our log; every client gets the same response."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who makes a request, by their token: `subject` is a person, or a service when `is_service`."""

    subject: str
    roles: frozenset[str] = frozenset()
    organisation: str | None = None
    is_service: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimNames:
    """The claims that hold the role and the organisation."""

    role: str = "role"
    organisation: str = "org_id"


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
        """True when the token names one of our keys. The signature is not verified."""
        try:
            return self.keys.find(_kid(_member(token, 0))) is not None
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
            raise InvalidToken(type(error).__name__) from error

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self.clock().timestamp()
        issued, expires = _moment(claims["iat"]), _moment(claims["exp"])
        not_before = _moment(claims.get("nbf", issued))
        if expires <= now - LEEWAY_SECONDS or max(issued, not_before) > now + LEEWAY_SECONDS:
            raise InvalidToken("time")
        if not 0 < expires - issued <= self.max_lifetime:
            raise InvalidToken("lifetime")

    def _principal(self, claims: dict[str, Any]) -> Principal:
        organisation = claims.get(self.claims.organisation)
        return Principal(
            subject=_word(claims["sub"]),
            roles=frozenset(_words(claims.get(self.claims.role, []))),
            organisation=None if organisation is None else _word(organisation),
            is_service=self.for_services,
        )


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The `object_pairs_hook` of a strict JSON parser. Raises ValueError for duplicate names."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _member(token: str, index: int) -> dict[str, Any]:
    if len(token) > MAX_BYTES or token.count(".") != 2:
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


def _kid(header: dict[str, Any]) -> str:
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("kid")
    return kid


def _moment(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken("date")
    try:
        moment = float(value)
    except OverflowError as error:
        raise InvalidToken("date") from error
    if not math.isfinite(moment):
        raise InvalidToken("date")
    return moment


def _word(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 128 or not value.isascii() or not value.isprintable():
        raise InvalidToken("claim")
    return value


def _words(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [_word(item) for item in values]
