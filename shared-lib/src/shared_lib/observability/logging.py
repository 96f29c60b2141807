"""JSON logs on standard output: ids, codes and durations. Fields that are not in `ALLOWED` are dropped."""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import structlog

from .tracing import current_request_id

ALLOWED = frozenset(
    {"event", "level", "logger", "timestamp", "service", "request_id", "exception"}
    | {"method", "route", "status", "duration_ms", "principal", "detail_code"}
    | {"outbox_id", "kind", "attempt", "final_state", "again", "reason", "error", "seconds"}
    | {"organisation_id", "mentor_id", "coordinator_id", "event_id", "dispatch_id", "lapse_id", "subject"}
    | {"count", "kept", "revision", "rule"}
)
"""The fields of a log line. Ids are opaque; names, addresses, reasons of a pause and other texts are not allowed."""


def configure(service: str, *, level: str = "INFO") -> None:
    """Write the log lines of our modules and of libraries as JSON. Call it once per process."""
    fields: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_context(service),
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*fields, _foreign_message_dropped],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _exception_without_values,
                _only_allowed,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *fields,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _with_context(service: str) -> structlog.types.Processor:
    def processor(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        event["service"] = service
        if (request_id := current_request_id()) is not None:
            event.setdefault("request_id", request_id)
        return event

    return processor


def _only_allowed(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED}


def _foreign_message_dropped(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep a library's message without its arguments, which may quote a request.

    gunicorn's messages about its processes keep theirs, except reports of an exception, which name the path.
    """
    record = event.get("_record")
    if isinstance(record, logging.LogRecord) and (record.exc_info or not record.name.startswith("gunicorn")):
        event["event"] = str(record.msg)
    return event


def _exception_without_values(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Keep the type and the lines of an exception; its message may quote personal data."""
    given = event.pop("exc_info", None)
    triple = sys.exc_info() if given is True else given
    if isinstance(triple, BaseException):
        triple = (type(triple), triple, triple.__traceback__)
    if isinstance(triple, tuple) and triple[0] is not None:
        event["exception"] = _lines(triple[0], triple[2])
    return event


def _lines(kind: type[BaseException], trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    places = [f"{frame.filename.rsplit('/src/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    return " < ".join([kind.__name__, *reversed(places)])
