"""Metrics of lapses: how many are open, and how long the others were open."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from prometheus_client import Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from shared_lib.errors import Unavailable

HOUR, DAY = 3600.0, 86400.0
ACKNOWLEDGED_AFTER = Histogram(
    "lapse_acknowledgement_seconds",
    "Time from the opening of a lapse to its acknowledgement",
    buckets=(HOUR, 4 * HOUR, DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 14 * DAY, 30 * DAY),
)
AGES = {"0d": timedelta(), "3d": timedelta(days=3), "7d": timedelta(days=7)}
"""The ages that `lapses_open` reports, by its label `at_least`."""


def observe(waited: timedelta) -> None:
    ACKNOWLEDGED_AFTER.observe(waited.total_seconds())


class OpenLapsesCollector(Collector):
    """Counts open lapses at each scrape. While the database does not answer the metric is missing rather than 0."""

    def __init__(self, open_by_age: Callable[[Sequence[timedelta]], Sequence[int]]) -> None:
        self._open_by_age = open_by_age

    def collect(self) -> Iterable[Metric]:
        try:
            counts = self._open_by_age(list(AGES.values()))
        except Unavailable:
            return []
        found = GaugeMetricFamily("lapses_open", "Lapses open for at least this long", labels=["at_least"])
        for age, count in zip(AGES, counts, strict=True):
            found.add_metric([age], count)
        return [found]

    def describe(self) -> Iterable[Metric]:
        """Empty, so that registering the collector does not read the database."""
        return []
