"""Transactional outbox: the promise to tell somebody is a row committed with the fact that caused it."""

from .dispatcher import Dispatcher
from .handover import Enqueued
from .loop import Worker
from .messages import Delivered, Delivery, FinalState, LeaseLost, OnCommit, OutboxMessage, Reschedule, Route, nothing
from .presence import is_relay_running
from .retry import RetryPolicy
from .schema import CREATE, GRANTS, PER_TENANT, READY, outbox_tables

__all__ = [
    "CREATE",
    "GRANTS",
    "PER_TENANT",
    "READY",
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
    "is_relay_running",
    "nothing",
    "outbox_tables",
]
