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
    """The destination did not take it, certainly, and trying again helps. `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Deferred(Unreachable):
    """The destination is well and put off only this one thing (a mail server's 451 for one recipient, say)."""


class Rejected(Exception):
    """The destination refused for good; trying again does not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unsettled(Exception):
    """Nobody can tell whether it happened: the connection was lost after the last byte and before the answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MigrationRefused(Exception):
    """A migration would keep people waiting or break the code that is still running; nothing of it was done."""
