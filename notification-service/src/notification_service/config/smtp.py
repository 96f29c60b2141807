"""Which mail server, and how long each step with it may take."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from shared_lib.config import BadSetting

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
