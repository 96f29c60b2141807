"""Settings of this service, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared_lib.config import Settings


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = field(repr=False)
    jwks: str
    issuer: str
    audience: str
    role_claim: str
    organisation_claim: str
    service_key: str
    notification_url: str
    notification_audience: str
    reason_keys: str
    retry_scale: float
    pool_size: int
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Raises BadSetting, which says which variable is wrong and how it should look."""
        settings = Settings(environ)
        return cls(
            database_url=settings.url("DATABASE_URL", schemes=("postgresql",)),
            jwks=settings.text("JWT_JWKS"),
            issuer=settings.text("JWT_ISSUER"),
            audience=settings.text("JWT_AUDIENCE", "orchestrator-service"),
            role_claim=settings.text("JWT_ROLE_CLAIM", "role"),
            organisation_claim=settings.text("JWT_ORG_CLAIM", "org_id"),
            service_key=settings.text("SERVICE_KEY"),
            notification_url=settings.url("NOTIFICATION_URL"),
            notification_audience=settings.text("NOTIFICATION_AUDIENCE", "notification-service"),
            reason_keys=settings.text("REASON_KEYS"),
            retry_scale=settings.number("RETRY_SCALE", 1.0, least=0.0001, most=100),
            pool_size=settings.whole("DATABASE_POOL", 10, least=1, most=200),
            log_level=settings.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        )
