"""Settings of this service, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr

from shared_lib.auth.settings import Identity
from shared_lib.config import BadSetting, Settings
from shared_lib.rate_limit import RateLimits

from .smtp import SmtpServer

MOST_DAYS = 36_500
EXECUTOR_THREADS = 16
"""Of all the lanes in `worker`."""


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    identity: Identity
    rate_limits: RateLimits
    service_key: str
    allow_anonymous: bool
    acknowledgement_url: str
    acknowledgement_audience: str
    smtp: SmtpServer
    mail_from: str
    mail_name: str
    push_url: str | None = field(repr=False)
    portal_url: str | None
    message_days: int
    inbox_retention_days: int
    time_scale: float
    pool_size: int
    metrics_bind: str | None
    log_level: str

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Raises BadSetting, which says which variable is wrong and how it should look."""
        settings = Settings(environ)
        name, address = _sender(settings.text("MAIL_FROM"))
        return cls(
            database_url=settings.url("DATABASE_URL", schemes=("postgresql",)),
            database_owner_url=settings.url(
                "DATABASE_OWNER_URL", schemes=("postgresql",), default=settings.optional("DATABASE_URL")
            ),
            identity=Identity.from_settings(settings, audience="notification-service", has_callers=True),
            rate_limits=RateLimits.from_settings(settings),
            service_key=settings.text("SERVICE_KEY"),
            allow_anonymous=settings.choice("AUTH_MODE", ("open", "token")) == "open",
            acknowledgement_url=settings.url("ACKNOWLEDGEMENT_URL"),
            acknowledgement_audience=settings.text("ACKNOWLEDGEMENT_AUDIENCE", "acknowledgement-service"),
            smtp=SmtpServer.from_url(
                settings.text("SMTP_URL"),
                final_seconds=settings.number("SMTP_FINAL_TIMEOUT", 120.0, least=1.0, most=600.0),
            ),
            mail_from=address,
            mail_name=name,
            push_url=settings.url("PUSH_URL") if settings.optional("PUSH_URL") else None,
            portal_url=settings.url("PORTAL_URL") if settings.optional("PORTAL_URL") else None,
            message_days=settings.whole("MESSAGE_DAYS", 90, most=MOST_DAYS),
            inbox_retention_days=settings.whole("INBOX_RETENTION_DAYS", 365, most=MOST_DAYS),
            time_scale=settings.number("TIME_SCALE", 1.0, least=0.001, most=10.0),
            pool_size=settings.pool_size(executor_threads=EXECUTOR_THREADS),
            metrics_bind=settings.address("METRICS_BIND"),
            log_level=settings.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        )


def _sender(value: str) -> tuple[str, str]:
    """`no-reply@portal.no` or `Portal <no-reply@portal.no>`; name and address."""
    name, address = parseaddr(value)
    try:
        parsed = Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError) as error:
        raise _bad_sender() from error
    if not parsed.username or "." not in parsed.domain or not address.isascii() or not value.isprintable():
        raise _bad_sender()
    return name, address


def _bad_sender() -> BadSetting:
    return BadSetting("MAIL_FROM must be an ASCII mail address, or a name and one: Portal <no-reply@portal.no>.")
