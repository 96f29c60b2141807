"""The Prometheus metrics of this process, and the HTTP server by which a relay shows them."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from shared_lib.errors import Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CLIENT_TIMEOUT_SECONDS = 5.0


class _Process(Collector):
    """Every counter, gauge and histogram that a module of this process declares."""

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()

    def describe(self) -> Iterable[Metric]:
        return []


class GaugeCollector(Collector):
    """A gauge that is read at each scrape. While the database does not answer it is missing rather than 0."""

    def __init__(self, name: str, about: str, read: Callable[[], float]) -> None:
        self._name = name
        self._about = about
        self._read = read

    def collect(self) -> Iterable[Metric]:
        try:
            value = self._read()
        except Unavailable:
            return []
        return [GaugeMetricFamily(self._name, self._about, value=value)]

    def describe(self) -> Iterable[Metric]:
        """Nothing is read before the first scrape."""
        return []


def registry_of_process() -> CollectorRegistry:
    """A new registry with the metrics of this process, or of all gunicorn workers where there are several."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Process())
    return registry


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_TIMEOUT_SECONDS  # a client may connect and send nothing

    def log_message(self, *_: object) -> None:
        """Not a line per scrape."""


@contextmanager
def serving(bind: str, probes: Mapping[str, Callable[[], bool]]) -> Iterator[int]:
    """Serve `/metrics`, and each path of `probes` while it holds, at `bind` (host:port) inside the block.

    Yields the port.

    Raises OSError when the address is in use.
    """
    registry = registry_of_process()

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest(registry)]
        if path in probes:
            start_response("200 OK" if probes[path]() else "503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b""]
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b""]

    host, _, port = bind.rpartition(":")
    server = make_server(host, int(port), application, ThreadingWSGIServer, _Handler)
    thread = threading.Thread(target=server.serve_forever, name="worker-server", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
