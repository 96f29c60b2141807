"""The settings that every service has, the issuer it trusts among them; a service's own config adds its members."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from shared_lib.auth.jwks import KeySet
from shared_lib.auth.service_tokens import LIFETIME_SECONDS, ServiceSigner
from shared_lib.auth.tokens import ClaimNames, TokenVerifier
from shared_lib.clock import Clock
from shared_lib.config import BadSetting, Settings
from shared_lib.privacy.encryption import FieldCipher
from shared_lib.rate_limit import RateLimits

MAX_RETENTION_DAYS = 36_500


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The issuer, the sources of the keys of people and of services, and the audience of this service."""

    issuer: str
    audience: str
    jwks: str
    service_jwks: str | None
    claims: ClaimNames
    max_lifetime: int = 3600

    @classmethod
    def from_settings(cls, settings: Settings, *, audience: str, has_callers: bool) -> Self:
        """The identity by a service's settings. Raises BadSetting.

        `audience` is the default of JWT_AUDIENCE; `has_callers`: other services call this one.
        """
        return cls(
            issuer=settings.text("JWT_ISSUER"),
            audience=settings.text("JWT_AUDIENCE", audience),
            jwks=settings.text("JWT_JWKS"),
            service_jwks=settings.text("SERVICE_JWKS") if has_callers else None,
            claims=ClaimNames(
                subject=settings.text("JWT_SUBJECT_CLAIM", "sub"),
                role=settings.text("JWT_ROLE_CLAIM", "role"),
                organisation=settings.text("JWT_ORG_CLAIM", "org_id"),
                role_prefix=settings.text("JWT_ROLE_PREFIX", ""),
                role_map=_role_map(settings),
            ),
            max_lifetime=settings.whole("JWT_MAX_LIFETIME", 3600, minimum=60, maximum=86_400),
        )

    def people(self, clock: Clock) -> TokenVerifier:
        """Verifies the tokens of people."""
        return TokenVerifier(
            keys=KeySet(self.jwks),
            issuer=self.issuer,
            audience=self.audience,
            clock=clock,
            claims=self.claims,
            max_lifetime=self.max_lifetime,
        )

    def services(self, clock: Clock) -> TokenVerifier | None:
        """Verifies the tokens of services; None for a service that no other one calls."""
        if self.service_jwks is None:
            return None
        return TokenVerifier(
            keys=KeySet(self.service_jwks),
            issuer=self.issuer,
            audience=self.audience,
            clock=clock,
            max_lifetime=LIFETIME_SECONDS,
            for_services=True,
        )


def _role_map(settings: Settings) -> dict[str, str] | None:
    try:
        found = json.loads(settings.text("JWT_ROLE_MAP", "null"))
    except ValueError:
        found = ""
    if found is None or (isinstance(found, dict) and all(isinstance(role, str) for role in found.values())):
        return found
    raise BadSetting('JWT_ROLE_MAP must be a JSON object of role names, as in {"theirs": "ours"}.')


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """What a process of any service reads from its environment."""

    DEFAULT_AUDIENCE: ClassVar[str]
    """The default of JWT_AUDIENCE."""
    HAS_CALLERS: ClassVar[bool] = True
    """Other services call this one, so it needs the public keys of services."""
    EXECUTOR_THREADS: ClassVar[int] = 0
    """Threads of all outbox executors; each may want a database connection."""

    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    identity: Identity
    rate_limits: RateLimits
    pool_size: int
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises BadSetting, which says which variable is wrong and how it should look."""
        return cls(**cls.read(Settings(environ)))

    @classmethod
    def read(cls, settings: Settings) -> dict[str, Any]:
        """The members by name. A subclass returns these and its own. Raises BadSetting."""
        return {
            "database_url": settings.url("DATABASE_URL", schemes=("postgresql",)),
            "database_owner_url": settings.url(
                "DATABASE_OWNER_URL", schemes=("postgresql",), default=settings.optional("DATABASE_URL")
            ),
            "identity": Identity.from_settings(settings, audience=cls.DEFAULT_AUDIENCE, has_callers=cls.HAS_CALLERS),
            "rate_limits": RateLimits.from_settings(settings),
            "pool_size": settings.pool_size(executor_threads=cls.EXECUTOR_THREADS),
            "log_level": settings.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        }

    def cipher(self) -> FieldCipher | None:
        """Encrypts the column of a service that has one. Raises BadSetting."""
        return None


@dataclass(frozen=True, kw_only=True)
class RelayConfig(ServiceConfig):
    """What a service with an outbox reads besides: it has relays and calls other services."""

    service_key: str
    time_scale: float
    metrics_bind: str | None
    max_waiting: int
    """How many requests may wait for the first attempt to deliver their messages: half of the threads."""

    @classmethod
    def read(cls, settings: Settings) -> dict[str, Any]:
        return {
            **super().read(settings),
            "service_key": settings.text("SERVICE_KEY"),
            "time_scale": settings.number("TIME_SCALE", 1.0, minimum=0.0001, maximum=100.0),
            "metrics_bind": settings.address("METRICS_BIND"),
            "max_waiting": settings.web_threads // 2,
        }

    def signer(self, name: str, clock: Clock) -> ServiceSigner:
        """Signs our tokens for downstream services with the private key of the file. Raises BadSetting."""
        try:
            return ServiceSigner.from_file(self.service_key, issuer=self.identity.issuer, name=name, clock=clock)
        except (OSError, ValueError) as error:
            raise BadSetting("SERVICE_KEY must be the path of our private key, PEM without a password.") from error
