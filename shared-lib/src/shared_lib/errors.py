"""Errors between a service and the systems it depends on, by what a retry does."""


class _Failure(Exception):
    """`reason` is a short code of ours ("smtp_451", "connect_failed") and never a text of the other side, because it is
    stored and logged. `retry_after` is in seconds.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Unavailable(_Failure):
    """Our database cannot answer now. The HTTP response is 503 with `Retry-After: 2`."""


class Unreachable(_Failure):
    """The destination has certainly not accepted the request, and a retry helps."""


class RetryLater(Unreachable):
    """The destination works and postpones only this request, as a mail server does with 451."""


class Rejected(_Failure):
    """The destination refused for good; a retry does not help."""


class OutcomeUnknown(_Failure):
    """It may have happened: the connection was lost after the last byte and before the reply."""


class MigrationRefused(Exception):
    """The database no longer serves this code; nothing was changed."""
