"""The audience of an event's announcement, and the dispatch results that the notification service answers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

CHANNEL_ORDER = ("email", "push", "in_app")


class Status(StrEnum):
    """How far a message to one recipient over one channel has come."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        return self is not Status.QUEUED

    @property
    def has_left(self) -> bool:
        return self in {Status.SENT, Status.DELIVERED}


@dataclass(frozen=True, kw_only=True)
class DispatchResult:
    """The outcome of the notice to one recipient over one channel."""

    recipient_id: str
    channel: str
    status: Status
    sent_at: datetime | None = None
    message_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class ActedBy:
    """The coordinator who acted for the mentor; the mentor's message has their name."""

    id: str
    name: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Audience:
    """The recipients, settled when the event is recorded: a later coordinator must not receive this notice."""

    coordinator_id: str | None = None
    admin_ids: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    acted_by: ActedBy | None = None


FIRST_LOOKS_AGAIN = (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15))
LATER_LOOKS_AGAIN = timedelta(seconds=60)


def next_look(attempt: int) -> timedelta:
    """How long to wait before asking again for the outcome of messages that were still queued."""
    return FIRST_LOOKS_AGAIN[attempt - 1] if attempt <= len(FIRST_LOOKS_AGAIN) else LATER_LOOKS_AGAIN
