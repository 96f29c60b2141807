"""What this service needs from outside: a mail server, a push provider and the acknowledgement service.

All of them raise `Unreachable` when trying again helps and `Rejected` when it does not; a mail may also be
`OutcomeUnknown`, when the server may or may not have taken it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from .wording.model import Letter


@dataclass(frozen=True, kw_only=True)
class Mail:
    """`message_id` and `written_at` stay the same however often it is tried."""

    message_id: str
    to: str
    written_at: datetime
    letter: Letter


def nothing() -> None:
    """For those who have nothing to say before the dot."""


class Mailer(Protocol):
    def send(self, mail: Mail, *, before_data: Callable[[], None], before_dot: Callable[[], None] = nothing) -> None:
        """Hand the mail to the server.

        `before_data` is called before it can begin to have an effect, `before_dot` at the last moment at which it can
        still be kept back; what they raise keeps it back.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class PushNote:
    message_id: str
    token: str
    letter: Letter


class Pusher(Protocol):
    def send(self, note: PushNote) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """A certification that ran out, and the coordinator who must have seen it."""

    notification_id: UUID
    coordinator_id: str
    mentor_id: str
    expiry_date: datetime
    organisation_id: str


class Acknowledgements(Protocol):
    def open(self, lapse: Lapse) -> None:
        """Harmless to repeat: one lapse per notification and coordinator."""
        ...

    def export(self, person_id: str) -> Mapping[str, Any]:
        """What is held there about a person."""
        ...

    def erase(self, person_id: str) -> Mapping[str, Any]:
        """Have what is held there about a person removed; harmless to repeat. Answers how much was."""
        ...
