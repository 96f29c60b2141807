"""What a process has counted itself, ready to be read by Prometheus; without a web framework."""

import os
from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector


class _Process(Collector):
    """Every counter, gauge and histogram that any module of this process has declared, and the process itself."""

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()

    def describe(self) -> Iterable[Metric]:
        return []


def registry_of_process() -> CollectorRegistry:
    """A registry of its own that shows this process, or all workers of it where gunicorn has several."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Process())
    return registry
