"""Outbox messages, what a delivery of one knows, and how it can end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from shared_lib.ids import uuid7

OnCommit = Callable[[Session], None]
"""Writes in the transaction that stores the outcome, within the message's tenant. It may run more than once."""


def write_nothing(_: Session) -> None:
    """The `on_commit` of a delivery that stores nothing else."""


@dataclass(frozen=True, kw_only=True)
class OutboxMessage:
    """Work to be done at least once, after the transaction that stores it has committed.

    `payload` holds ids and codes only. Messages of one `ordering_key` are delivered in the order they were stored. The
    backlog of one `tenant` does not delay another tenant. After `expires_at` the message is given up.
    """

    kind: str
    payload: Mapping[str, Any]
    tenant: str
    ordering_key: str | None = None
    expires_at: datetime | None = None
    due_at: datetime | None = None
    """The earliest time of the first attempt; None lets the process that stores the message attempt it at once."""
    id: UUID = field(default_factory=uuid7)


class LeaseLost(Exception):
    """Another process has taken the message over: stop, and do nothing outside."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt to deliver a message."""

    id: UUID
    kind: str
    payload: Mapping[str, Any]
    tenant: str
    attempt: int
    """Counts from 1."""
    crash_count: int
    """How many attempts in a row ended without an outcome."""
    ambiguous_count: int
    """How many attempts ended with an unknown outcome."""
    created_at: datetime
    expires_at: datetime | None
    ordering_key: str | None
    request_id: str | None
    mark_in_flight: Callable[[], None] = field(repr=False, compare=False)
    """Commits that the effect may happen from here on. Raises LeaseLost, or Unavailable: then do not go on."""
    check_lease: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """To be called right before the effect. Raises LeaseLost when the lease may have run out since `mark_in_flight`,
    for example because this process was frozen. Does not use the database."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """The effect has happened for certain."""

    on_commit: OnCommit = write_nothing


@dataclass(frozen=True, kw_only=True)
class Reschedule:
    """The attempt went well; make another one `after` this time. The message no longer delays its ordering key."""

    after: timedelta
    on_commit: OnCommit = write_nothing


class FinalState(StrEnum):
    """Why a message is closed."""

    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    DEAD = "dead"
    DISCARDED = "discarded"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"


DEAD_LETTER_STATES = (
    FinalState.DEAD,
    FinalState.EXPIRED,
    FinalState.QUARANTINED,
    FinalState.REJECTED,
    FinalState.UNKNOWN,
)
"""Messages in these states are kept until they are replayed or discarded."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """How messages of one kind are delivered.

    `executor` names the destination, which has threads and a circuit breaker of its own. `deliver` runs outside
    transactions; it raises Unreachable, RetryLater, Rejected, OutcomeUnknown or LeaseLost. `give_up` stores the failure
    in the transaction that closes the message, within the message's tenant.
    """

    executor: str
    deliver: Callable[[Delivery], Delivered | Reschedule]
    give_up: Callable[[Session, Delivery, FinalState, str], None]


@dataclass(frozen=True, kw_only=True)
class Enqueued:
    """Messages that a transaction has stored and leased to this process; deliver them after the commit.

    With `queueing` a delivery may wait for a free thread.
    """

    deliveries: tuple[Delivery, ...] = ()
    queueing: bool = False
