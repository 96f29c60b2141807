"""`/metrics` in the Prometheus text format: the requests of this process, and the collectors that a service adds."""

from collections.abc import Iterable
from functools import cache

from flask import Flask, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

from shared_lib.observability.metrics import registry_of_process

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "http_request_duration_seconds",
    "Time from the first look at a request to its answer",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PATH = "/metrics"


def install(app: Flask, collectors: Iterable[Collector] = ()) -> None:
    """Answer `/metrics`, with these collectors as well."""
    registry = registry_of_process()
    for collector in collectors:
        registry.register(collector)

    @app.get(PATH)
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def known_method(method: str) -> str:
    """The method; `other` for an unknown one."""
    return method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS") else "other"


def count(method: str, route: str, status: int, *, seconds: float) -> None:
    """Count an answered request by its route template, never by its path; `seconds` is how long it took."""
    requests, durations = _meters(method, route, status)
    requests.inc()
    durations.observe(seconds)


@cache
def _meters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The metrics of one kind of response; a client cannot choose how many kinds there are."""
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)
