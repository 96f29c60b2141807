"""One trace over all services (OpenTelemetry, W3C Trace Context): an extra, `pip install shared-lib[tracing]`.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set; without it nothing of OpenTelemetry is even imported. Spans carry routes,
statuses, kinds and ids: never an address with its query, a body, an error's text or anything that a person wrote.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from shared_lib.config import BadSetting

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

HEADER = "traceparent"
MEMBER = "_traceparent"
"""Of an outbox row's payload: in which trace the promise was made."""

Attribute = str | int

_tracer: "Tracer | None" = None


def start(service: str) -> None:
    """Once per process, before its first request. Raises BadSetting when it is wanted and not installed."""
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
    """Trace with this provider; None: no longer."""
    global _tracer  # noqa: PLW0603 - one per process, as there is one log
    _tracer = provider.get_tracer("shared_lib") if provider is not None else None


def serving(parent: str | None) -> AbstractContextManager[None]:
    """The block answers a request, whose caller may have said which trace it belongs to."""
    return _span("request", "SERVER", {}, parent) if _tracer is not None else nullcontext()


def calling(destination: str, method: str) -> AbstractContextManager[None]:
    """The block calls a downstream service."""
    if _tracer is None:
        return nullcontext()
    return _span(f"{method} {destination}", "CLIENT", {"http.request.method": method}, None)


def attempting(kind: str, payload: Mapping[str, Any], **attributes: Attribute) -> AbstractContextManager[None]:
    """The block keeps a promise, in the trace in which it was made, however much later."""
    if _tracer is None:
        return nullcontext()
    named = {f"outbox.{name}": value for name, value in attributes.items()}
    return _span(f"attempt {kind}", "CONSUMER", named, payload.get(MEMBER))


def answered(method: str, route: str, status: int) -> None:
    """Say what the request of the present span turned out to be; `route` is its template."""
    if _tracer is not None:
        from opentelemetry import trace  # noqa: PLC0415

        span = trace.get_current_span()
        span.update_name(f"{method} {route}")
        span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})


def traceparent() -> str | None:
    """The present span, as a header says it; None while nothing is traced."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(HEADER)


def carried(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """The payload of a promise, and with it the trace it is made in."""
    parent = traceparent()
    return {**payload, MEMBER: parent} if parent is not None else payload


@contextmanager
def _span(name: str, kind: str, attributes: Mapping[str, Attribute], parent: str | None) -> Iterator[None]:
    from opentelemetry import context, trace  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    assert _tracer is not None  # noqa: S101 - the callers have looked
    around = TraceContextTextMapPropagator().extract({HEADER: parent}, context.Context()) if parent else None
    with _tracer.start_as_current_span(
        name,
        context=around,
        kind=trace.SpanKind[kind],
        attributes=attributes,
        record_exception=False,  # an error's text may quote a person's data
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except BaseException as error:
            span.set_status(trace.StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__name__)
            raise
