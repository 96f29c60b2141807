"""What a mail server's answer means for the mail: try again, never again, or nobody knows."""

import smtplib
import ssl
from dataclasses import dataclass

from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater, Unreachable

from .wire import Garbage

# Refusals that are about us and our settings, not about this mail: somebody will mend them, and the mail goes out then.
_OUR_FAULT = frozenset({500, 502, 503, 504, 530, 534, 535, 538})


def refusal(code: int) -> Exception:
    """What it means that the server refused this recipient or this content; certainly nothing was sent."""
    reason = f"smtp_{code}"
    if code == 421 or code in _OUR_FAULT or not 400 <= code <= 599:
        return Unreachable(reason)
    return RetryLater(reason) if code < 500 else Rejected(reason)


@dataclass(frozen=True)
class _Trouble:
    """What trouble with the connection means for the mail. One object serves all threads: it remembers nothing."""

    meaning: type[Unreachable | OutcomeUnknown]

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (OSError, smtplib.SMTPException, ValueError)):
            raise self.meaning(_reason(error)) from error


certainly_unsent = _Trouble(Unreachable)
"""Before the final dot, whatever goes wrong has sent nothing."""

perhaps_sent = _Trouble(OutcomeUnknown)
"""After the final dot, only a well-formed answer says what happened."""


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp_{error.smtp_code}"
    return next((code for kind, code in _REASONS if isinstance(error, kind)), "smtp_failed")


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (Garbage, "smtp_garbage"),
    (smtplib.SMTPServerDisconnected, "smtp_hung_up"),
    (smtplib.SMTPNotSupportedError, "smtp_not_supported"),
    (smtplib.SMTPException, "smtp_failed"),
    (ssl.SSLCertVerificationError, "tls_certificate"),
    (ssl.SSLError, "tls_failed"),
    (TimeoutError, "smtp_timeout"),
    (ConnectionRefusedError, "connect_refused"),
    (OSError, "smtp_connection"),
)
