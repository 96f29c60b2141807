"""Transactional outbox: a message to another service is a row committed with the fact that caused it."""

from .delivery import RetryPolicy
from .dispatcher import Dispatcher
from .messages import (
    Delivered,
    Delivery,
    Enqueued,
    FinalState,
    LeaseLost,
    OnCommit,
    OutboxMessage,
    Reschedule,
    Route,
    write_nothing,
)
from .schema import GRANTS, OUTBOX, OUTBOX_CLOSED, OUTBOX_WORKER
from .worker import Worker

__all__ = [
    "GRANTS",
    "OUTBOX",
    "OUTBOX_CLOSED",
    "OUTBOX_WORKER",
    "Delivered",
    "Delivery",
    "Dispatcher",
    "Enqueued",
    "FinalState",
    "LeaseLost",
    "OnCommit",
    "OutboxMessage",
    "Reschedule",
    "RetryPolicy",
    "Route",
    "Worker",
    "write_nothing",
]
