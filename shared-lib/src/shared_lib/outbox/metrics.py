"""Metrics of the outbox: what this process did, and what the database holds when Prometheus asks."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from prometheus_client import Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Row, case, func, literal_column, select
from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unavailable

from .heartbeats import count_alive
from .messages import DEAD_LETTER_STATES
from .schema import OUTBOX, OUTBOX_CLOSED

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
        try:
            with self._database.begin(all_tenants("metrics")) as session:
                return [*self._messages(session), *self._dead_letters(session), *self._workers(session)]
        except Unavailable:
            return []

    def describe(self) -> Iterable[Metric]:
        """The database is not asked before the first scrape."""
        return []

    def _messages(self, session: Session) -> Iterable[Metric]:
        """By state. leased: being attempted; due: not yet claimed; waiting: until a later time."""
        number = GaugeMetricFamily("outbox_messages", "Messages to deliver", labels=["kind", "state"])
        oldest = GaugeMetricFamily("outbox_oldest_age_seconds", "Age of the oldest of them", labels=["kind", "state"])
        now = self._clock()
        state = case((OUTBOX.c.leased_until >= now, "leased"), (OUTBOX.c.due_at <= now, "due"), else_="waiting")
        query = select(func.count(), func.min(OUTBOX.c.created_at), OUTBOX.c.kind, state.label("state"))
        return self._filled(number, oldest, session.execute(query.group_by(OUTBOX.c.kind, literal_column("state"))))

    def _dead_letters(self, session: Session) -> Iterable[Metric]:
        number = GaugeMetricFamily("outbox_dead_letters", "Messages that ended badly", labels=["final_state"])
        oldest = GaugeMetricFamily("outbox_dead_letter_oldest_age_seconds", "Since the first", labels=["final_state"])
        state = OUTBOX_CLOSED.c.final_state
        query = select(func.count(), func.min(OUTBOX_CLOSED.c.closed_at), state).where(state.in_(DEAD_LETTER_STATES))
        return self._filled(number, oldest, session.execute(query.group_by(state)))

    def _filled(
        self, number: GaugeMetricFamily, oldest: GaugeMetricFamily, rows: Iterable[Row[Any]]
    ) -> Iterable[Metric]:
        now = self._clock()
        for amount, since, *labels in map(tuple, rows):
            number.add_metric(labels, amount)
            oldest.add_metric(labels, max(0.0, (now - since).total_seconds()))
        return number, oldest

    def _workers(self, session: Session) -> Iterable[Metric]:
        alive = GaugeMetricFamily("outbox_workers", "Relay processes that are alive")
        alive.add_metric([], count_alive(session, now=self._clock()))
        return [alive]
