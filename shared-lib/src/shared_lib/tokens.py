"""Bearer tokens (RFC 7519, RFC 8725): who calls."""

import base64
import binascii
import json
import math
from dataclasses import dataclass, field
from typing import Any

import jwt

from .clock import Clock
from .keys import KeySet
from .proven_tokens import ProvenTokens

MOST_BYTES = 8 * 1024
LEEWAY_SECONDS = 30


class InvalidToken(Exception):
    """The token is not one we trust. The reason is for our log only: every caller gets the same answer."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, as the token says: `subject` is a person, or a service when `is_service`."""

    subject: str
    roles: frozenset[str] = frozenset()
    organisation: str | None = None
    is_service: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimNames:
    """Where this issuer puts the role and the organisation."""

    role: str = "role"
    organisation: str = "org_id"


@dataclass(frozen=True, kw_only=True)
class _Proven:
    """A token with a good signature."""

    kid: str
    key: jwt.PyJWK
    claims: dict[str, Any]
    caller: Caller


@dataclass(frozen=True, kw_only=True)
class TokenVerifier:
    """Trusts tokens of one issuer for one audience, signed by a key of `keys`, living at most `longest` seconds."""

    keys: KeySet
    issuer: str
    audience: str
    clock: Clock
    claims: ClaimNames = ClaimNames()
    longest: int = 3600
    for_services: bool = False

    _proven: ProvenTokens[_Proven] = field(default_factory=ProvenTokens, repr=False, compare=False)

    def knows_key_of(self, token: str) -> bool:
        """Is the token signed in the name of one of our keys? Says nothing about its being genuine."""
        if self._recalled(token) is not None:
            return True
        try:
            return self.keys.find(_kid(_member(token, 0))) is not None
        except InvalidToken:
            return False

    def verify(self, token: str) -> Caller:
        """The caller. Raises InvalidToken for any fault whatever.

        A signature is verified once; the times, and that its key is still the one we trust, every time.
        """
        proven = self._recalled(token)
        if proven is None:
            proven = self._prove(token)
            self._proven.remember(token, proven)
        self._check_times(proven.claims)
        return proven.caller

    def _recalled(self, token: str) -> _Proven | None:
        """A key that was read anew is another object: then the signature is verified again."""
        proven = self._proven.recall(token)
        return proven if proven is not None and self.keys.find(proven.kid) is proven.key else None

    def _prove(self, token: str) -> _Proven:
        header, claims = _member(token, 0), _member(token, 1)
        if "crit" in header:
            raise InvalidToken("crit")
        kid = _kid(header)
        key = self.keys.find(kid)
        if key is None or header.get("alg") != key.algorithm_name:
            raise InvalidToken("key")
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
        return _Proven(kid=kid, key=key, claims=claims, caller=self._caller(claims))

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self.clock().timestamp()
        issued, expires = _moment(claims["iat"]), _moment(claims["exp"])
        not_before = _moment(claims.get("nbf", issued))
        if expires <= now - LEEWAY_SECONDS or max(issued, not_before) > now + LEEWAY_SECONDS:
            raise InvalidToken("time")
        if not 0 < expires - issued <= self.longest:
            raise InvalidToken("lifetime")

    def _caller(self, claims: dict[str, Any]) -> Caller:
        organisation = claims.get(self.claims.organisation)
        return Caller(
            subject=_word(claims["sub"]),
            roles=frozenset(_words(claims.get(self.claims.role, []))),
            organisation=None if organisation is None else _word(organisation),
            is_service=self.for_services,
        )


def _member(token: str, index: int) -> dict[str, Any]:
    if len(token) > MOST_BYTES or token.count(".") != 2:
        raise InvalidToken("shape")
    part = token.split(".")[index]
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
        value = json.loads(text, object_pairs_hook=_without_duplicates)
    except (ValueError, binascii.Error, RecursionError) as error:
        raise InvalidToken("shape") from error
    if not isinstance(value, dict):
        raise InvalidToken("shape")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


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
