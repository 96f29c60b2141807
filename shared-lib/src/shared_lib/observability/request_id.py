"""One id that follows a request through every hop, log line and outbox row."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared_lib.ids import uuid7

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def accepted(offered: str | None) -> str:
    """The id somebody offers, if it is one we would write into a log; else a new one."""
    return offered if offered and _ACCEPTED.fullmatch(offered) else uuid7().hex


def current_request_id() -> str | None:
    return _current.get()


@contextmanager
def request_id_bound(request_id: str | None) -> Iterator[None]:
    """Everything inside the block belongs to this request."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
