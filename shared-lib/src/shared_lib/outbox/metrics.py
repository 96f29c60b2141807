"""How full the outbox is, asked of the database when somebody looks, and what this process did about it."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from prometheus_client import Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unavailable

from . import presence
from .closed import REPLAYABLE

ATTEMPTS = Counter("outbox_attempts_total", "Attempts at promises, and how they went", ["kind", "outcome"])
"""Outcomes: done, again, postponed, lease_lost, and the bad endings."""


@cache
def attempts(kind: str, outcome: str) -> Counter:
    """Of `ATTEMPTS`; there are as many as kinds and outcomes, both ours."""
    return ATTEMPTS.labels(kind, outcome)


BREAKER_OPEN = Gauge(
    "outbox_breaker_open", "1 while this process holds attempts back", ["lane"], multiprocess_mode="livemax"
)


_LIVE = text(
    """
    SELECT kind, count(*) AS n, min(created_at) AS since,
           CASE WHEN leased_until >= :now THEN 'leased' WHEN due_at <= :now THEN 'due' ELSE 'waiting' END AS state
    FROM outbox GROUP BY kind, state
    """
)
"""Leased: being attempted. Due: nobody has taken it yet. Waiting: until a later time."""


class OutboxCollector(Collector):
    """Depth and oldest age of what is live, and of what ended badly and waits for somebody to look."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Answers nothing while the database cannot answer: a gap says more than a zero."""
        try:
            with self._database.begin(all_tenants("metrics")) as session:
                return [*self._live(session), *self._closed(session), *self._relays(session)]
        except Unavailable:
            return []

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked of the database before the first look."""
        return []

    def _live(self, session: Session) -> Iterable[Metric]:
        depth = GaugeMetricFamily("outbox_live_rows", "Promises not yet kept", labels=["kind", "state"])
        oldest = GaugeMetricFamily("outbox_oldest_age_seconds", "Age of the oldest of them", labels=["kind", "state"])
        found = session.execute(_LIVE, {"now": self._clock()})
        for row in found:
            depth.add_metric([row.kind, row.state], row.n)
            oldest.add_metric([row.kind, row.state], self._age(row.since))
        return depth, oldest

    def _closed(self, session: Session) -> Iterable[Metric]:
        depth = GaugeMetricFamily("outbox_dead_letters", "Promises that ended badly", labels=["ending"])
        oldest = GaugeMetricFamily("outbox_dead_letter_oldest_age_seconds", "Since the first", labels=["ending"])
        found = session.execute(
            text(
                "SELECT ending, count(*) AS n, min(closed_at) AS since FROM outbox_closed "
                "WHERE ending = ANY(:endings) GROUP BY ending"
            ),
            {"endings": list(REPLAYABLE)},
        )
        for row in found:
            depth.add_metric([row.ending], row.n)
            oldest.add_metric([row.ending], self._age(row.since))
        return depth, oldest

    def _relays(self, session: Session) -> Iterable[Metric]:
        running = GaugeMetricFamily("outbox_relays", "Relay processes heard of lately")
        running.add_metric([], presence.count(session, now=self._clock()))
        return [running]

    def _age(self, since: datetime) -> float:
        return max(0.0, (self._clock() - since).total_seconds())
