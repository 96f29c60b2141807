"""One trace leads from the client's request over the outbox to the downstream service; none when tracing is off."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient
from shared_lib.observability import tracing
from shared_lib.outbox import Delivery, Dispatcher

from ..outbox_world import Destination, enqueue, rows
from ..tiny_service import application

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    yield exporter
    tracing.use(None)


@pytest.fixture
def downstream() -> Iterator[tuple[str, list[str | None]]]:
    """A service that notes the `traceparent` of every call."""
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("traceparent"))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_a_request_continues_the_trace_of_its_client_without_the_query(spans: InMemorySpanExporter) -> None:
    client = application.test_client()
    client.get("/nowhere/pm_551e8400?reason=illness", headers={"traceparent": PARENT})
    client.get("/livez", headers={"traceparent": PARENT})

    (span,) = spans.get_finished_spans()
    assert trace_of(span) == TRACE
    assert span.name == "GET none"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "none",
        "http.response.status_code": 404,
    }
    assert "illness" not in span.to_json()


def test_a_message_is_delivered_later_in_the_trace_in_which_it_was_stored(
    spans: InMemorySpanExporter,
    dispatcher: Dispatcher,
    destination: Destination,
    downstream: tuple[str, list[str | None]],
) -> None:
    address, seen = downstream
    client = ServiceClient(address, audience="downstream", sign=lambda _: "token")

    def call(_: Delivery) -> None:
        client.call("GET", "/internal/v1/people/pm_551e8400")

    destination.before = call
    with tracing.serving(PARENT):
        enqueue(dispatcher, "later")
    assert seen == []

    assert dispatcher.run_once() == 1
    attempt = next(span for span in spans.get_finished_spans() if span.name == "attempt parcel")
    asked = next(span for span in spans.get_finished_spans() if span.name == "GET downstream")
    assert {trace_of(span) for span in spans.get_finished_spans()} == {TRACE}
    assert asked.context is not None
    assert seen == [f"00-{TRACE}-{asked.context.span_id:016x}-01"]
    assert (attempt.attributes or {})["outbox.attempt"] == 1
    assert "pm_551e8400" not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_other_owners_get_no_trace(spans: InMemorySpanExporter, downstream: tuple[str, list[str | None]]) -> None:
    address, seen = downstream
    with tracing.serving(PARENT):
        ServiceClient(address).call("GET", "/push")
    assert seen == [None]
    assert len(spans.get_finished_spans()) == 2


def test_an_error_is_recorded_by_its_type_only(spans: InMemorySpanExporter) -> None:
    with pytest.raises(Unreachable), tracing.serving(None):
        raise Unreachable("Kari Nordmann is ill")

    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "Unreachable"
    assert "Kari" not in span.to_json()


def test_without_tracing_nothing_is_added_sent_or_imported(
    dispatcher: Dispatcher, downstream: tuple[str, list[str | None]]
) -> None:
    address, seen = downstream
    enqueue(dispatcher, "parcel")
    ServiceClient(address, audience="downstream", sign=lambda _: "token").call("GET", "/")
    assert rows(dispatcher.database)[0].payload == {"name": "parcel"}
    assert seen == [None]

    look = "import shared_lib.outbox, shared_lib.web.app, sys, json; print(json.dumps(sorted(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, check=True, text=True).stdout
    assert [name for name in json.loads(loaded) if name.startswith("opentelemetry")] == []
