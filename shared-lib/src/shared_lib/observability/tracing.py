"""What follows a request through every service, log line and outbox message: its request id, and a trace.

The trace (OpenTelemetry, W3C Trace Context) is an extra, `pip install shared-lib[tracing]`. It is on when
OTEL_EXPORTER_OTLP_ENDPOINT is set; otherwise nothing of OpenTelemetry is imported. Spans hold routes, statuses, kinds
and ids, and never a query, a body, the text of an error or of a person.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from shared_lib.config import BadSetting
from shared_lib.ids import uuid7

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

REQUEST_ID_HEADER = "X-Request-ID"
TRACE_HEADER = "traceparent"
MEMBER = "_traceparent"
"""The member of an outbox message's payload that holds the trace in which it was enqueued."""

Attribute = str | int

_tracer: "Tracer | None" = None
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def accepted_request_id(offered: str | None) -> str:
    """The id of a request header if it has the form of one, else a new id."""
    return offered if offered and _REQUEST_ID.fullmatch(offered) else uuid7().hex


def current_request_id() -> str | None:
    """The id of the request that this thread works on; None outside one."""
    return _request_id.get()


@contextmanager
def request_id_bound(request_id: str | None) -> Iterator[None]:
    """Within the block `current_request_id` returns this id."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


def start(service: str) -> None:
    """Start tracing; call it once per process before the first request. Raises BadSetting when the extra is missing."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise BadSetting("OTEL_EXPORTER_OTLP_ENDPOINT needs the extra: pip install shared-lib[tracing].") from error
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use(provider)


def use(provider: "TracerProvider | None") -> None:
    """Trace with this provider; None stops tracing."""
    global _tracer  # noqa: PLW0603 - one per process
    _tracer = provider.get_tracer("shared_lib") if provider is not None else None


def serving(parent: str | None) -> AbstractContextManager[None]:
    """The span of a request; `parent` is its `traceparent` header."""
    return _span("request", "SERVER", {}, parent)


def calling(destination: str, method: str) -> AbstractContextManager[None]:
    """The span of a call to a downstream service."""
    return _span(f"{method} {destination}", "CLIENT", {"http.request.method": method}, None)


def attempting(kind: str, payload: Mapping[str, Any], **attributes: Attribute) -> AbstractContextManager[None]:
    """The span of a delivery attempt, in the trace in which the outbox message was enqueued."""
    named = {f"outbox.{name}": value for name, value in attributes.items()}
    return _span(f"attempt {kind}", "CONSUMER", named, payload.get(MEMBER))


def answered(method: str, route: str, status: int) -> None:
    """Name the current span after the request and set its status; `route` is the template of the path."""
    if _tracer is not None:
        from opentelemetry import trace  # noqa: PLC0415

        span = trace.get_current_span()
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})


def traceparent() -> str | None:
    """The current span as a `traceparent` header; None while nothing is traced."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(TRACE_HEADER)


def carried(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload of an outbox message with the current trace added."""
    parent = traceparent()
    return {**payload, MEMBER: parent} if parent is not None else payload


@contextmanager
def _span(name: str, kind: str, attributes: Mapping[str, Attribute], parent: str | None) -> Iterator[None]:
    if _tracer is None:
        yield
        return
    from opentelemetry import context, trace  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    around = TraceContextTextMapPropagator().extract({TRACE_HEADER: parent}, context.Context()) if parent else None
    with _tracer.start_as_current_span(
        name,
        context=around,
        kind=trace.SpanKind[kind],
        attributes=attributes,
        record_exception=False,  # an error's text may quote personal data
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_status(trace.StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__name__)
            raise
