"""Settings of this service, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared_lib.auth.settings import Identity
from shared_lib.config import Settings
from shared_lib.rate_limit import RateLimits

MOST_DAYS = 36_500
EXECUTOR_THREADS = 10
"""Of all the lanes in `worker`."""


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    identity: Identity
    rate_limits: RateLimits
    service_key: str
    notification_url: str
    notification_audience: str
    reason_encryption_keys: str
    reason_retention_days: int
    actor_name_retention_days: int
    time_scale: float
    pool_size: int
    metrics_bind: str | None
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Raises BadSetting, which says which variable is wrong and how it should look."""
        settings = Settings(environ)
        return cls(
            database_url=settings.url("DATABASE_URL", schemes=("postgresql",)),
            database_owner_url=settings.url(
                "DATABASE_OWNER_URL", schemes=("postgresql",), default=settings.optional("DATABASE_URL")
            ),
            identity=Identity.from_settings(settings, audience="orchestrator-service", has_callers=False),
            rate_limits=RateLimits.from_settings(settings),
            service_key=settings.text("SERVICE_KEY"),
            notification_url=settings.url("NOTIFICATION_URL"),
            notification_audience=settings.text("NOTIFICATION_AUDIENCE", "notification-service"),
            reason_encryption_keys=settings.text("REASON_ENCRYPTION_KEYS"),
            reason_retention_days=settings.whole("REASON_RETENTION_DAYS", 90, most=MOST_DAYS),
            actor_name_retention_days=settings.whole("ACTOR_NAME_RETENTION_DAYS", 90, most=MOST_DAYS),
            time_scale=settings.number("TIME_SCALE", 1.0, least=0.0001, most=100),
            pool_size=settings.pool_size(executor_threads=EXECUTOR_THREADS),
            metrics_bind=settings.address("METRICS_BIND"),
            log_level=settings.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        )
