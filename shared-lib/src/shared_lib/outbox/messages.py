"""The words of the outbox: what is promised, what an attempt sees, how it can end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from shared_lib.ids import uuid7

OnCommit = Callable[[Session], None]
"""What is written in the same transaction that closes (or postpones) the row, within the row's tenant. Must be safe to
run again."""


def nothing(_: Session) -> None:
    """The settlement of those who have nothing to write."""


@dataclass(frozen=True, kw_only=True)
class OutboxMessage:
    """Something to be done after the transaction that stores it, at least once and in the end.

    `payload` holds ids and codes only. Rows of one `ordering_key` leave in the order they were stored. `tenant` is
    whose work it is: no tenant's backlog delays another's. Past `expires_at` it is given up.
    """

    kind: str
    payload: Mapping[str, Any]
    tenant: str
    ordering_key: str | None = None
    expires_at: datetime | None = None
    due_at: datetime | None = None
    id: UUID = field(default_factory=uuid7)
    known: object = field(default=None, repr=False, compare=False)
    """What an attempt would have to read otherwise; for one that begins at once (`Delivery.known`). Never stored."""


class LeaseLost(Exception):
    """Somebody else has taken the row over; stop, and touch nothing outside."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt at a promise."""

    id: UUID
    kind: str
    payload: Mapping[str, Any]
    tenant: str
    attempt: int
    starts: int
    ambiguous: int
    created_at: datetime
    expires_at: datetime | None
    ordering_key: str | None
    request_id: str | None
    mark_in_flight: Callable[[], None] = field(repr=False, compare=False)
    """Commits "from here on the effect may have happened". Raises LeaseLost, or Unavailable: then do not go on."""
    check_lease: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """Call it once more right before the effect: raises LeaseLost when, since the mark, the lease may have run out
    (because this process stood still, say). Asks no database."""
    known: object = field(default=None, repr=False, compare=False)
    """`Promise.known`, for an attempt that begins in the process and in the moment of the promise; None for others."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """It happened, for certain. `news` is for whoever waits for it (`Relay.deliver_now`), once it is written down."""

    on_commit: OnCommit = nothing
    news: object = None


@dataclass(frozen=True, kw_only=True)
class Reschedule:
    """It went well so far; look again `after` this long. The row no longer holds up others of its ordering key."""

    after: timedelta
    on_commit: OnCommit = nothing
    news: object = None


class FinalState(StrEnum):
    """Why a row was closed."""

    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    DEAD = "dead"
    DISCARDED = "discarded"
    CANCELLED = "cancelled"
    HELD = "held"


@dataclass(frozen=True, kw_only=True)
class Route:
    """What is done for one kind of promise.

    `lane` names the destination: it has threads and a breaker of its own. `deliver` runs between transactions and
    raises Unreachable, Rejected or OutcomeUnknown. `give_up` writes the bad end, in the transaction that closes the
    row; it sees the row's tenant alone.
    """

    executor: str
    deliver: Callable[[Delivery], Delivered | Reschedule]
    give_up: Callable[[Session, Delivery, FinalState, str], None]
