"""Transactional outbox: the promise to tell somebody is a row committed with the fact that caused it."""

from .handover import Handover
from .loop import RelayLoop
from .model import Again, Delivery, Done, Ending, LeaseLost, Promise, Route, Settlement, nothing
from .presence import is_relay_running
from .relay import Relay
from .retry import RetryPolicy
from .table import CREATE, GRANTS, PER_TENANT, READY, outbox_tables

__all__ = [
    "CREATE",
    "GRANTS",
    "PER_TENANT",
    "READY",
    "Again",
    "Delivery",
    "Done",
    "Ending",
    "Handover",
    "LeaseLost",
    "Promise",
    "Relay",
    "RelayLoop",
    "RetryPolicy",
    "Route",
    "Settlement",
    "is_relay_running",
    "nothing",
    "outbox_tables",
]
