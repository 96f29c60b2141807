"""JSON logs to standard output: ids, codes and durations; anything not on the list is left out."""

import logging
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any

import structlog

from .request_id import current_request_id

ALLOWED = frozenset(
    [
        "event",
        "level",
        "logger",
        "timestamp",
        "request_id",
        "service",
        "exception",
        "pid",
        "method",
        "route",
        "status",
        "duration_ms",
        "caller",
        "outbox_id",
        "kind",
        "attempt",
        "reason",
        "seconds",
        "ending",
        "again",
        "error",
        "kept",
        "channel",
        "code",
        "count",
        "event_id",
        "dispatch_id",
        "lapse_id",
        "message_id",
        "notification_id",
        "organisation_id",
        "mentor_id",
        "coordinator_id",
        "hold_off_seconds",
        "revision",
        "rule",
        "source",
        "signal",
        "address",
        "address_family",
        "detail_code",
        "records",
        "rows",
    ]
)
"""Fields a log line may carry. Ids are opaque; names, addresses, reasons of a pause and texts are not here."""


def configure(service: str, *, level: str = "INFO") -> None:
    """Once per process, before the first line is logged.

    Our own lines, several for each request, do not pass through the standard library: that would double their cost.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_context(service),
        _exception_without_values,
        _only_allowed,
    ]
    handler = _Foreign()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:4], _foreign_message_dropped, *shared[4:]],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Own,
        cache_logger_on_first_use=True,
    )


_one_by_one = threading.Lock()


def _write(line: str) -> None:
    with _one_by_one:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class _Own:
    """Where the lines of one of our modules go."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def write(self, line: str) -> None:
        _write(line)

    debug = info = warning = error = critical = write


class _Foreign(logging.Handler):
    """Where the lines of libraries go."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _write(self.format(record))
        except Exception:  # noqa: BLE001 - as every handler does
            self.handleError(record)


def _with_context(service: str) -> structlog.types.Processor:
    def processor(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        event["service"] = service
        if (request_id := current_request_id()) is not None:
            event.setdefault("request_id", request_id)
        return event

    return processor


def _only_allowed(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED or key.startswith("_")}


def _foreign_message_dropped(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A library's warning may quote what a client sent: keep its unformatted template only.

    gunicorn's own warnings are about processes; its reports of an exception name the address that was asked for.
    """
    record = event.get("_record")
    if isinstance(record, logging.LogRecord) and (record.exc_info or not record.name.startswith("gunicorn")):
        event["event"] = str(record.msg)
    return event


def _exception_without_values(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Where it broke and what kind of error it was: an error's message may quote a person's data."""
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
