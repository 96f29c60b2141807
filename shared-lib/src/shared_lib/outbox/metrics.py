"""How full the outbox is, asked of the database when somebody looks."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database import Database
from shared_lib.dead_letters import REPLAYABLE
from shared_lib.errors import Unavailable


class OutboxCollector(Collector):
    """Depth and oldest age of what is live, and of what ended badly and waits for somebody to look."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Answers nothing while the database cannot answer: a gap says more than a zero."""
        try:
            with self._database.begin() as session:
                return [*self._live(session), *self._closed(session)]
        except Unavailable:
            return []

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked of the database before the first look."""
        return []

    def _live(self, session: Session) -> Iterable[Metric]:
        depth = GaugeMetricFamily("outbox_live_rows", "Promises not yet kept", labels=["kind"])
        oldest = GaugeMetricFamily("outbox_oldest_age_seconds", "Age of the oldest of them", labels=["kind"])
        found = session.execute(text("SELECT kind, count(*) AS n, min(created_at) AS since FROM outbox GROUP BY kind"))
        for row in found:
            depth.add_metric([row.kind], row.n)
            oldest.add_metric([row.kind], self._age(row.since))
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

    def _age(self, since: datetime) -> float:
        return max(0.0, (self._clock() - since).total_seconds())
