"""Who calls: bearer tokens at the door (RFC 6750)."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, ParamSpec, TypeVar

import structlog
from flask import current_app, g, request
from flask_smorest import Blueprint

from shared_lib.clock import Clock
from shared_lib.identity import Identity
from shared_lib.rate_limits import RateLimits, Throttle
from shared_lib.tokens import InvalidToken, Principal, TokenVerifier

from .problems import Problem

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
BEARER = "bearerAuth"
CHALLENGE = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True, kw_only=True)
class Door:
    """Whom a service lets in. People's keys and services' keys are strangers to each other."""

    people: TokenVerifier
    services: TokenVerifier | None = None
    is_open: bool = False
    """True: operations the contract calls public need no token; one that is sent is still verified and limits."""
    throttle: Throttle = field(default_factory=lambda: Throttle(RateLimits()))

    @classmethod
    def of(cls, identity: Identity, *, limits: RateLimits, clock: Clock, is_open: bool = False) -> "Door":
        return cls(
            people=identity.people(clock),
            services=identity.services(clock),
            is_open=is_open,
            throttle=Throttle(limits),
        )


def install(app: Any, door: Door) -> None:
    app.extensions["door"] = door


def requires(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only for callers with one of these roles: 401 without a valid token, 403 without the role.

    Sits directly under the route, so that both win over 404 and 422.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*arguments: P.args, **options: P.kwargs) -> R:
            who = _verified(_door().people)
            if who is None:
                raise _unauthenticated()
            g.caller = who
            _slow_down(who)
            if not who.roles.intersection(roles):
                raise Problem(403)
            return view(*arguments, **options)

        return _documented(guarded, [{BEARER: []}], f"Roles: {', '.join(roles)}.")

    return decorate


def public(view: Callable[P, R]) -> Callable[P, R]:
    """For everybody where the door is open, for valid tokens (people or services) where it is not."""

    @wraps(view)
    def guarded(*arguments: P.args, **options: P.kwargs) -> R:
        door = _door()
        who = _verified(*(verifier for verifier in (door.services, door.people) if verifier is not None))
        g.caller = who
        if who is None and not door.is_open:
            raise _unauthenticated()
        _slow_down(who)
        return view(*arguments, **options)

    return _documented(guarded, [{}, {BEARER: []}], "Public; a token that is sent limits what is seen.")


def service_only(view: Callable[P, R]) -> Callable[P, R]:
    """For our neighbours' short-lived service tokens alone."""

    @wraps(view)
    def guarded(*arguments: P.args, **options: P.kwargs) -> R:
        services = _door().services
        who = _verified(services) if services is not None else None
        g.caller = who
        if who is None:
            raise _unauthenticated()
        return view(*arguments, **options)

    return _documented(guarded, [{BEARER: []}], "For the neighbour services only.")


def caller() -> Principal:
    """The verified caller of a view under `requires` or `service_only`."""
    who: Principal = g.caller
    return who


def visitor() -> Principal | None:
    """The verified caller of a view under `public`; None for one without a token."""
    who: Principal | None = g.caller
    return who


def caller_code() -> str | None:
    """Tells callers apart in the log without naming them; None where nobody has shown a valid token."""
    who: Principal | None = g.get("caller")
    return _code(who.organisation, who.subject) if who is not None else None


@lru_cache(maxsize=1024)
def _code(organisation: str | None, subject: str) -> str:
    return hashlib.sha256(f"{organisation}/{subject}".encode()).hexdigest()[:12]


def _slow_down(who: Principal | None) -> None:
    """Raises Problem 429. Neighbour services keep their own pace, and what they bring must not be lost."""
    if who is not None and who.is_service:
        return
    key = ("caller", who.subject) if who is not None else ("address", _network(request.remote_addr or ""))
    wait = _door().throttle.take(key, who.organisation if who is not None else None)
    if wait:
        raise Problem(429, headers={"Retry-After": str(wait)})


def _network(address: str) -> str:
    """One client has one IPv4 address, but as many IPv6 addresses as it likes within a /64."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a Unix socket's peer has none
    return str(ip_network(f"{parsed}/64", strict=False)) if isinstance(parsed, IPv6Address) else address


def _door() -> Door:
    door: Door = current_app.extensions["door"]
    return door


def _verified(*verifiers: TokenVerifier) -> Principal | None:
    """The caller, None when no token was sent. Raises Problem 401, the same for every fault."""
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated()
    verifier = next((v for v in verifiers if v.knows_key_of(token)), verifiers[-1])
    try:
        return verifier.verify(token)
    except InvalidToken as error:
        log.info("auth.token_refused", detail_code=str(error))
        raise _unauthenticated() from error


def _unauthenticated() -> Problem:
    return Problem(401, headers=CHALLENGE)


def _documented(view: Callable[P, R], security: list[dict[str, list[str]]], remark: str) -> Callable[P, R]:
    documented: Any = Blueprint.doc(security=security, **{"x-access": remark})(view)
    return documented  # type: ignore[no-any-return]
