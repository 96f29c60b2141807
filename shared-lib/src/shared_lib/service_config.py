"""The settings that every service has; a service's own config adds its members to these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from shared_lib.auth.settings import Identity
from shared_lib.config import Settings
from shared_lib.rate_limit import RateLimits

MAX_RETENTION_DAYS = 36_500


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


@dataclass(frozen=True, kw_only=True)
class RelayConfig(ServiceConfig):
    """What a service with an outbox reads besides: it has relays and calls other services."""

    service_key: str
    time_scale: float
    metrics_bind: str | None

    @classmethod
    def read(cls, settings: Settings) -> dict[str, Any]:
        return {
            **super().read(settings),
            "service_key": settings.text("SERVICE_KEY"),
            "time_scale": settings.number("TIME_SCALE", 1.0, minimum=0.0001, maximum=100.0),
            "metrics_bind": settings.address("METRICS_BIND"),
        }
