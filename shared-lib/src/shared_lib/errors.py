"""What can go wrong between a service and those it depends on.

A `reason` is a short code of ours ("smtp_451", "connect_refused"), never a text of the other side: it is stored
and logged.
"""


class Unavailable(Exception):
    """Our own database cannot answer now; nothing is known to have changed. HTTP says 503 with `Retry-After`."""

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
    """The destination works and postpones only this request, as a mail server does with 451 for one recipient."""


class Rejected(Exception):
    """The destination refused for good; a retry does not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutcomeUnknown(Exception):
    """It may or may not have happened: the connection was lost after the last byte and before the answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MigrationRefused(Exception):
    """The database no longer serves this code; nothing was changed."""
