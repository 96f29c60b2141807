"""Sockets that keep a total deadline: their own time-out counts per read, so a dripping peer could hold us for ever."""

import socket
import ssl
import time
from contextvars import ContextVar, Token
from typing import Any

_moment: ContextVar[float] = ContextVar("punctual", default=float("inf"))


class answer_within:  # noqa: N801 - reads as the block it opens; a generator takes more calls
    """Within the block every read of this thread ends with a TimeoutError once the seconds are over."""

    __slots__ = ("_before", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._before: Token[float]

    def __enter__(self) -> None:
        self._before = _moment.set(time.monotonic() + self._seconds)

    def __exit__(self, *_: object) -> None:
        _moment.reset(self._before)


def _keep_deadline(waiting: socket.socket) -> None:
    remaining = _moment.get() - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("deadline")
    if remaining != float("inf"):
        waiting.settimeout(remaining)


class PlainSocket(socket.socket):
    def recv_into(self, *arguments: Any, **options: Any) -> int:
        _keep_deadline(self)
        return super().recv_into(*arguments, **options)


class TlsSocket(ssl.SSLSocket):
    def recv_into(self, *arguments: Any, **options: Any) -> int:
        _keep_deadline(self)
        return super().recv_into(*arguments, **options)

    def do_handshake(self, block: bool = False) -> None:
        _keep_deadline(self)
        super().do_handshake(block)
