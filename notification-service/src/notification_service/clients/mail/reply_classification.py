"""Classifies replies and failures of a mail server: retry, retry later, never again, or outcome unknown."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater, Unreachable


class MalformedReply(smtplib.SMTPException):
    """The server does not speak SMTP, or its reply has no end."""


# Refusals of our settings and not of this message: an operator corrects them, and the message is sent then.
_REFUSALS_OF_SETTINGS = frozenset({500, 502, 503, 504, 530, 534, 535, 538})

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (MalformedReply, "smtp_malformed_reply"),
    (smtplib.SMTPServerDisconnected, "smtp_hung_up"),
    (smtplib.SMTPNotSupportedError, "smtp_not_supported"),
    (smtplib.SMTPException, "smtp_failed"),
    (ssl.SSLCertVerificationError, "tls_certificate"),
    (ssl.SSLError, "tls_failed"),
    (TimeoutError, "smtp_timeout"),
    (ConnectionRefusedError, "connect_refused"),
    (OSError, "smtp_connection"),
)


def refusal(code: int) -> Unreachable | Rejected:
    """The error for a code that refuses this recipient or this content; certainly nothing was sent."""
    reason = f"smtp_{code}"
    if code == 421 or code in _REFUSALS_OF_SETTINGS or not 400 <= code <= 599:
        return Unreachable(reason)
    return RetryLater(reason) if code < 500 else Rejected(reason)


@contextmanager
def failure_means(error_type: type[Unreachable | OutcomeUnknown]) -> Iterator[None]:
    """Within the block failures of socket, TLS and protocol are raised as this error.

    It is `Unreachable` before the final dot, when nothing can have been sent, and `OutcomeUnknown` after it.
    """
    try:
        yield
    except (OSError, ValueError) as error:  # smtplib's errors are OSErrors as well
        raise error_type(_reason(error)) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp_{error.smtp_code}"
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        return _reason(error.__context__)  # smtplib says only "disconnected" where a read or a write failed
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "smtp_failed")
