"""The request id, which follows a request through every service, log line and outbox message."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared_lib.ids import uuid7

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def accepted(offered: str | None) -> str:
    """The id of a request header if it has the form of one, else a new id."""
    return offered if offered and _ACCEPTED.fullmatch(offered) else uuid7().hex


def current_request_id() -> str | None:
    """The id of the request that this thread works on; None outside one."""
    return _current.get()


@contextmanager
def request_id_bound(request_id: str | None) -> Iterator[None]:
    """Within the block `current_request_id` returns this id."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
