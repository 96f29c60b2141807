"""Settings of this service, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared_lib.auth.settings import Identity
from shared_lib.config import Settings
from shared_lib.rate_limit import RateLimits

MOST_DAYS = 36_500


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    identity: Identity
    rate_limits: RateLimits
    note_encryption_keys: str
    allow_anonymous: bool
    note_retention_days: int
    pool_size: int
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
            identity=Identity.from_settings(settings, audience="acknowledgement-service", has_callers=True),
            rate_limits=RateLimits.from_settings(settings),
            note_encryption_keys=settings.text("NOTE_ENCRYPTION_KEYS"),
            allow_anonymous=settings.choice("AUTH_MODE", ("open", "token")) == "open",
            note_retention_days=settings.whole("NOTE_RETENTION_DAYS", 0, most=MOST_DAYS),
            pool_size=settings.pool_size(),
            log_level=settings.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        )
