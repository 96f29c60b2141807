"""The settings of this service, and the mail server that they name."""

from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from shared_lib.config import BadSetting, Settings
from shared_lib.service_config import MAX_RETENTION_DAYS, RelayConfig

_SHAPE = "smtp://[user:password@]host:port[?tls=starttls|implicit]"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class Tls(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """Seconds are totals of a step: a server that drips a byte now and then gains nothing by it."""

    host: str
    port: int
    tls: Tls = Tls.NONE
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    connect_seconds: float = 5.0
    command_seconds: float = 20.0
    final_seconds: float = 120.0

    @classmethod
    def from_url(cls, url: str, *, final_seconds: float) -> "SmtpServer":
        """Raises BadSetting; a password is never sent in the clear over a network."""
        try:
            parts = urlsplit(url)
            server = _server(parts, final_seconds)
        except ValueError as error:
            raise BadSetting(f"SMTP_URL must look like {_SHAPE}, user and password in ASCII.") from error
        if server.user is not None and server.tls is Tls.NONE and server.host not in _THIS_MACHINE:
            raise BadSetting("SMTP_URL has a password but no encryption: add ?tls=starttls or ?tls=implicit.")
        return server


@dataclass(frozen=True, kw_only=True)
class Config(RelayConfig):
    DEFAULT_AUDIENCE: ClassVar[str] = "notification-service"
    EXECUTOR_THREADS: ClassVar[int] = 16

    allow_anonymous: bool
    anonymous_notice_limit: int
    acknowledgement_url: str
    acknowledgement_audience: str
    smtp: SmtpServer
    mail_from: str
    mail_name: str
    push_url: str | None = field(repr=False)
    portal_url: str | None
    message_days: int
    inbox_retention_days: int

    @classmethod
    def read(cls, settings: Settings) -> dict[str, Any]:
        name, address = _sender(settings.text("MAIL_FROM"))
        return {
            **super().read(settings),
            "allow_anonymous": settings.choice("AUTH_MODE", ("open", "token")) == "open",
            "anonymous_notice_limit": settings.whole("ANONYMOUS_NOTICE_LIMIT", 10),
            "acknowledgement_url": settings.web_url("ACKNOWLEDGEMENT_URL"),
            "acknowledgement_audience": settings.text("ACKNOWLEDGEMENT_AUDIENCE", "acknowledgement-service"),
            "smtp": SmtpServer.from_url(
                settings.text("SMTP_URL"),
                final_seconds=settings.number("SMTP_FINAL_TIMEOUT", 120.0, minimum=1.0, maximum=600.0),
            ),
            "mail_from": address,
            "mail_name": name,
            "push_url": settings.web_url("PUSH_URL", query=True, user=True) if settings.optional("PUSH_URL") else None,
            "portal_url": settings.web_url("PORTAL_URL", query=True) if settings.optional("PORTAL_URL") else None,
            "message_days": settings.whole("MESSAGE_DAYS", 90, maximum=MAX_RETENTION_DAYS),
            "inbox_retention_days": settings.whole("INBOX_RETENTION_DAYS", 365, maximum=MAX_RETENTION_DAYS),
        }


def _server(parts: SplitResult, final_seconds: float) -> SmtpServer:
    query = parse_qs(parts.query, strict_parsing=bool(parts.query))
    if parts.scheme != "smtp" or not parts.hostname or parts.path not in ("", "/") or set(query) - {"tls"}:
        raise ValueError(parts.scheme)
    tls = Tls(query.get("tls", ["none"])[0])
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + password).isascii():
        raise ValueError("not ASCII")
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or {Tls.IMPLICIT: 465, Tls.STARTTLS: 587}.get(tls, 25),
        tls=tls,
        user=user or None,
        password=password or None,
        final_seconds=final_seconds,
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
