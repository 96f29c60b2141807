"""Metrics of the outbox: what this process did, and what the database holds when Prometheus asks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from prometheus_client import Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Row, Select, case, func, literal_column, select

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unavailable

from .messages import DEAD_LETTER_STATES
from .schema import OUTBOX, OUTBOX_CLOSED
from .store import count_alive

ATTEMPTS = Counter("outbox_attempts_total", "Attempts to deliver messages, by outcome", ["kind", "outcome"])
"""Outcomes: done, rescheduled, postponed, lease_lost, and the final states of dead letters."""


@cache
def attempts(kind: str, outcome: str) -> Counter:
    """The child of `ATTEMPTS`; kinds and outcomes are few, and ours."""
    return ATTEMPTS.labels(kind, outcome)


CIRCUIT_BREAKER_OPEN = Gauge(
    "outbox_circuit_breaker_open",
    "1 while this process postpones attempts for a destination",
    ["executor"],
    multiprocess_mode="livemax",
)


class OutboxCollector(Collector):
    """Number and greatest age of the messages to deliver and of the dead letters."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Returns nothing while the database cannot answer: a gap says more than a zero."""
        now = self._clock()
        workers = GaugeMetricFamily("outbox_workers", "Relay processes that are alive", labels=[])
        try:
            with self._database.begin(all_tenants("metrics")) as session:
                messages, dead_letters = session.execute(_messages(now)).all(), session.execute(_DEAD_LETTERS).all()
                workers.add_metric([], count_alive(session, now=now))
        except Unavailable:
            return []
        return [
            *_gauges("outbox_messages", "outbox_oldest_age_seconds", ["kind", "state"], messages, now),
            *_gauges(
                "outbox_dead_letters", "outbox_dead_letter_oldest_age_seconds", ["final_state"], dead_letters, now
            ),
            workers,
        ]

    def describe(self) -> Iterable[Metric]:
        """The database is not asked before the first scrape."""
        return []


def _messages(now: datetime) -> Select[Any]:
    """By state. leased: being attempted; due: not yet claimed; waiting: until a later time.

    The age counts from the creation; that of a message for a later time, which nobody has attempted, from that time.
    """
    state = case((OUTBOX.c.leased_until >= now, "leased"), (OUTBOX.c.due_at <= now, "due"), else_="waiting")
    since = func.greatest(OUTBOX.c.created_at, case((OUTBOX.c.attempts == 0, OUTBOX.c.due_at)))  # leaves out null
    query = select(func.count(), func.min(since), OUTBOX.c.kind, state.label("state"))
    return query.group_by(OUTBOX.c.kind, literal_column("state"))


_DEAD_LETTERS = (
    select(func.count(), func.min(OUTBOX_CLOSED.c.closed_at), OUTBOX_CLOSED.c.final_state)
    .where(OUTBOX_CLOSED.c.final_state.in_(DEAD_LETTER_STATES))
    .group_by(OUTBOX_CLOSED.c.final_state)
)


def _gauges(
    number_name: str, age_name: str, labels: Sequence[str], rows: Iterable[Row[Any]], now: datetime
) -> Iterable[Metric]:
    number = GaugeMetricFamily(number_name, "How many there are", labels=labels)
    oldest = GaugeMetricFamily(age_name, "Age of the oldest of them", labels=labels)
    for amount, since, *values in map(tuple, rows):
        number.add_metric(values, amount)
        oldest.add_metric(values, max(0.0, (now - since).total_seconds()))
    return number, oldest
