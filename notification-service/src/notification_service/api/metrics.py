"""Metrics of open lapses about which there is nobody to tell."""

from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from shared_lib.errors import Unavailable


class NobodyToTellCollector(Collector):
    """Counts at each scrape. While the database does not answer the metric is missing rather than 0."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count

    def collect(self) -> Iterable[Metric]:
        try:
            count = self._count()
        except Unavailable:
            return []
        found = GaugeMetricFamily("lapses_nobody_to_tell", "Open lapses that nobody could be reminded of")
        found.add_metric([], count)
        return [found]

    def describe(self) -> Iterable[Metric]:
        """Empty, so that registering the collector does not read the database."""
        return []
