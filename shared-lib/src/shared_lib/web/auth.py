"""Authentication of requests by bearer tokens (RFC 6750), and their rate limits."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, ParamSpec, TypeVar

import structlog
from flask import current_app, g, request
from flask_smorest import Blueprint

from shared_lib.auth.tokens import FAULTS, InvalidToken, Principal, TokenVerifier
from shared_lib.clock import Clock
from shared_lib.rate_limit import RateLimits, Throttle
from shared_lib.service_config import Identity

from .problems import Problem

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
BEARER = "bearerAuth"


@dataclass(frozen=True, kw_only=True)
class Authenticator:
    """Verifies the tokens of clients. People and services have separate keys."""

    people: TokenVerifier
    services: TokenVerifier | None = None
    allow_anonymous: bool = False
    """Operations that the contract calls public need no token; a token that is sent is verified all the same."""
    throttle: Throttle = field(default_factory=lambda: Throttle(RateLimits()))

    @classmethod
    def of(
        cls, identity: Identity, *, limits: RateLimits, clock: Clock, allow_anonymous: bool = False
    ) -> "Authenticator":
        """The authenticator of a service with these settings."""
        return cls(
            people=identity.people(clock),
            services=identity.services(clock),
            allow_anonymous=allow_anonymous,
            throttle=Throttle(limits),
        )


def install(app: Any, authenticator: Authenticator) -> None:
    """Make the decorators below use this authenticator in the application."""
    app.extensions["authenticator"] = authenticator


def requires(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The view is for principals with one of these roles: 401 without a valid token, 403 without the role.

    It sits directly under the route, so that both win over 404 and 422.
    """

    def authorize() -> None:
        principal = _verified(_authenticator().people)
        if principal is None:
            raise _unauthenticated()
        g.principal = principal
        _throttle(principal)
        if not principal.roles.intersection(roles):
            raise Problem(403, f"Roles that may do this: {', '.join(roles)}.", kind="role-missing")

    return lambda view: _guarded(view, authorize, [{BEARER: []}], f"Roles: {', '.join(roles)}.")


def public(view: Callable[P, R]) -> Callable[P, R]:
    """The view is for anonymous clients where they are allowed, else for valid tokens of people and services."""

    def authorize() -> None:
        authenticator = _authenticator()
        verifiers = (authenticator.services, authenticator.people)
        principal = _verified(*(verifier for verifier in verifiers if verifier is not None))
        g.principal = principal
        if principal is None and not authenticator.allow_anonymous:
            raise _unauthenticated()
        _throttle(principal)

    return _guarded(view, authorize, [{}, {BEARER: []}], "Public; a token that is sent limits what is seen.")


def service_only(view: Callable[P, R]) -> Callable[P, R]:
    """The view is for tokens of our own services; 401 for all others."""

    def authorize() -> None:
        services = _authenticator().services
        g.principal = _verified(services) if services is not None else None
        if g.principal is None:
            raise _unauthenticated()

    return _guarded(view, authorize, [{BEARER: []}], "For our own services only.")


def current_principal() -> Principal:
    """The verified principal, in a view under `requires` or `service_only`."""
    principal: Principal = g.principal
    return principal


def optional_principal() -> Principal | None:
    """The verified principal, in a view under `public`; None for a request without a token."""
    principal: Principal | None = g.principal
    return principal


def principal_code() -> str | None:
    """Twelve hex digits that stand for the principal in logs; None without a valid token."""
    principal: Principal | None = g.get("principal")
    return _code(principal.organisation, principal.subject) if principal is not None else None


@lru_cache(maxsize=1024)
def _code(organisation: str | None, subject: str) -> str:
    return hashlib.sha256(f"{organisation}/{subject}".encode()).hexdigest()[:12]


def hashed_address(secret: bytes) -> str:
    """The client's address as 16 hex digits for the audit log; without the secret, trying all addresses is no use."""
    return hmac.new(secret, _network(request.remote_addr or "").encode(), "sha256").hexdigest()[:16]


def _throttle(principal: Principal | None) -> None:
    """Raises Problem 429. Our own services are not limited, because they have their own delays between retries."""
    if principal is not None and principal.is_service:
        return
    key = ("principal", principal.subject) if principal else ("address", _network(request.remote_addr or ""))
    wait = _authenticator().throttle.take(key, principal.organisation if principal else None)
    if wait:
        raise Problem(429, headers={"Retry-After": str(wait)})


_WITH_IPV4 = [ip_network("::/64"), ip_network("64:ff9b::/64")]
"""Mapped IPv4 addresses (RFC 4291) and translated ones (RFC 6052)."""


def _network(address: str) -> str:
    """The address, or for IPv6 its /64, because a client may use every address of its /64.

    Some proxies add the port of the client, which is another one for each connection.
    """
    host = address[1:].partition("]")[0] if address.startswith("[") else address
    try:
        parsed = ip_address(host.partition(":" if host.count(":") == 1 else "%")[0])
    except ValueError:
        return address  # the peer of a Unix socket has none
    if any(parsed in network for network in _WITH_IPV4):
        parsed = IPv4Address(int(parsed) & 0xFFFFFFFF)
    return str(ip_network(f"{parsed}/64", strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)


def _authenticator() -> Authenticator:
    authenticator: Authenticator = current_app.extensions["authenticator"]
    return authenticator


def _verified(*verifiers: TokenVerifier) -> Principal | None:
    """The principal; None without a token. Raises Problem 401, the same for every fault."""
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated("scheme")
    fault = ""
    for verifier in [v for v in verifiers if v.knows_key_of(token)] or verifiers:
        try:
            return verifier.verify(token)
        except InvalidToken as error:
            fault = str(error)
    log.info("auth.token_refused", detail_code=fault)
    raise _unauthenticated(fault)


def _unauthenticated(fault: str | None = None) -> Problem:
    """The challenge alone says what is wrong with a token (RFC 6750 section 3)."""
    reason = f' error="invalid_token", error_description="{FAULTS[fault]}"' if fault else ""
    return Problem(401, headers={"WWW-Authenticate": f"Bearer{reason}"})


def _guarded(
    view: Callable[P, R], authorize: Callable[[], None], security: list[dict[str, list[str]]], remark: str
) -> Callable[P, R]:
    """The view behind `authorize`, which sets `g.principal` or raises; OpenAPI shows the security and the remark."""

    @wraps(view)
    def guarded(*arguments: P.args, **options: P.kwargs) -> R:
        authorize()
        return view(*arguments, **options)

    documented: Any = Blueprint.doc(security=security, **{"x-access": remark})(guarded)
    return documented  # type: ignore[no-any-return]
