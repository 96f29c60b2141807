"""Metrics of the agenda: what the database holds when Prometheus asks."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unavailable

from .store import STUCK_TRIES
from .table import AGENDA


class AgendaCollector(Collector):
    """How many subjects are due, how long the oldest has waited, and how many are stuck."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Returns nothing while the database cannot answer: a gap says more than a zero."""
        now, look_at = self._clock(), AGENDA.c.look_at
        is_due, is_stuck = look_at <= now, AGENDA.c.tries >= STUCK_TRIES
        counts = select(func.count(), func.min(look_at)).where(is_due)
        try:
            with self._database.begin(all_tenants("metrics")) as session:
                due, oldest = session.execute(counts).one()
                stuck = session.scalar(select(func.count()).select_from(AGENDA).where(is_stuck))
        except Unavailable:
            return []
        late = (now - oldest).total_seconds() if oldest else 0.0
        return [
            _gauge("agenda_due", "Subjects that are due now", due),
            _gauge("agenda_oldest_overdue_seconds", "How long the oldest of them has waited", late),
            _gauge("agenda_stuck", "Subjects whose looks failed three times or more", stuck or 0),
        ]

    def describe(self) -> Iterable[Metric]:
        """The database is not asked before the first scrape."""
        return []


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, about)
    gauge.add_metric([], value)
    return gauge
