"""The ports to what is outside: a mail server, a push provider and the acknowledgement service.

All of them raise `Unreachable` when trying again helps and `Rejected` when it does not; a mail may also be
`OutcomeUnknown`, when the server may or may not have taken it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from .lapses import Certification, LapseState, Reassignment
from .texts.model import RenderedText


@dataclass(frozen=True, kw_only=True)
class Mail:
    """`message_id` and `written_at` are the same in every attempt. `sender_name` is the organisation's name or empty;
    `reply_to` is a plain address.
    """

    message_id: str
    to: str
    written_at: datetime
    sender_name: str
    reply_to: str | None
    text: RenderedText


def nothing() -> None:
    """The default of `before_dot`."""


class Mailer(Protocol):
    def send(self, mail: Mail, *, before_data: Callable[[], None], before_dot: Callable[[], None] = nothing) -> None:
        """Give the mail to the server; returns when the server has taken it.

        `before_data` is called before the mail can have an effect, `before_dot` at the last moment at which it can be
        kept back; an exception from either keeps it back.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class PushMessage:
    message_id: str
    token: str
    text: RenderedText


class Pusher(Protocol):
    def send(self, message: PushMessage) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """An expired certification, and the coordinator who must acknowledge it."""

    notification_id: UUID
    coordinator_id: str
    mentor_id: str
    expiry_date: datetime
    organisation_id: str


class Acknowledgements(Protocol):
    def open(self, lapse: Lapse) -> None:
        """Harmless to repeat: one lapse per notification and coordinator; one that was deleted there stays so."""
        ...

    def state(self, notification_id: UUID) -> LapseState | None:
        """Of the lapse of a notification; None for one that was deleted."""
        ...

    def reassign(self, news: Reassignment) -> None:
        """Lets an open lapse follow its mentor. Ordered by version; a lapse that is not there is none to move.
        Raises RetryLater if newer news is there, as `certify` does.
        """
        ...

    def certify(self, news: Certification) -> None:
        """Closes or reopens the mentor's lapses. Ordered by version."""
        ...

    def export(self, person_id: str) -> Mapping[str, Any]:
        """The rows that it stores about a person, by table."""
        ...

    def erase(self, person_id: str) -> Mapping[str, Any]:
        """Removes a person's data there; returns how many rows. Harmless to repeat."""
        ...
