"""Which mail server, and how long each step with it may take."""

from dataclasses import dataclass, field
from enum import StrEnum


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
