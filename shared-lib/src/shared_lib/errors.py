"""Errors between a service and the systems it depends on, by what a retry does.

A `reason` is a short code of ours ("smtp_451", "connect_failed") and never a text of the other side, because it is
stored and logged.
"""


class Unavailable(Exception):
    """Our database cannot answer now. The HTTP response is 503 with `Retry-After`; `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: int = 2) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Unreachable(Exception):
    """The destination has certainly not accepted the request, and a retry helps. `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RetryLater(Unreachable):
    """The destination works and postpones only this request, as a mail server does with 451."""


class Rejected(Exception):
    """The destination refused for good; a retry does not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutcomeUnknown(Exception):
    """It may have happened: the connection was lost after the last byte and before the reply."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MigrationRefused(Exception):
    """The database no longer serves this code; nothing was changed."""
