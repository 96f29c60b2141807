"""Deadlines: the total time of a request, and sockets that keep the total time of an exchange.

A socket's own timeout starts again with every read, so a peer that sends a byte now and then could hold a thread for
ever. A deadline socket gives each operation only the time that is left of the `total_timeout` around it.
"""

import math
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_request_deadline: ContextVar[float | None] = ContextVar("request_deadline", default=None)
_exchange_deadline: ContextVar[float] = ContextVar("exchange_deadline", default=math.inf)


@contextmanager
def at(moment: float) -> Iterator[None]:
    """Within the block the request has to be answered by this moment of `time.monotonic()`."""
    token = _request_deadline.set(moment)
    try:
        yield
    finally:
        _request_deadline.reset(token)


def left() -> float | None:
    """Seconds until the request has to be answered, negative after that; None outside a request."""
    moment = _request_deadline.get()
    return None if moment is None else moment - time.monotonic()


@contextmanager
def total_timeout(seconds: float) -> Iterator[None]:
    """Within the block deadline sockets of this thread raise TimeoutError when the seconds are over.

    A block inside another one shortens its time and never extends it.
    """
    token = _exchange_deadline.set(min(_exchange_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _exchange_deadline.reset(token)


def time_left() -> float:
    """Seconds left of the `total_timeout` of this thread, infinite outside one. Raises TimeoutError at the end."""
    remaining = _exchange_deadline.get() - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("deadline")
    return remaining


def _limit(operating: socket.socket) -> None:
    """Give the next operation the time that is left. Raises TimeoutError."""
    if (remaining := time_left()) < math.inf:
        operating.settimeout(remaining)


class DeadlineSocket(socket.socket):
    """A socket that keeps the `total_timeout` of its thread."""

    @classmethod
    def connected_to(cls, host: str, port: int) -> "DeadlineSocket":
        """A socket connected to the first address of the host that accepts. Raises OSError.

        The DNS look-up is not limited.
        """
        failure: OSError = ConnectionError("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            connecting = cls(family, kind, protocol)
            try:
                connecting.connect(address)
                connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                connecting.close()
                failure = error
            else:
                return connecting
        raise failure

    @classmethod
    def replacing(cls, connected: socket.socket) -> "DeadlineSocket":
        """A socket with the connection of another one, which must not be used any more."""
        timeout = connected.gettimeout()
        replacement = cls(connected.family, connected.type, connected.proto, fileno=connected.detach())
        replacement.settimeout(timeout)
        return replacement

    def connect(self, *arguments: Any) -> None:
        _limit(self)
        super().connect(*arguments)

    def recv(self, *arguments: Any) -> bytes:
        _limit(self)
        return super().recv(*arguments)

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        _limit(self)
        return super().recv_into(*arguments, **options)

    def sendall(self, *arguments: Any) -> None:
        _limit(self)
        super().sendall(*arguments)


class TlsDeadlineSocket(ssl.SSLSocket):
    """A deadline socket over TLS, made by `deadline_tls_context`."""

    def do_handshake(self, block: bool = False) -> None:
        _limit(self)
        super().do_handshake(block)

    def read(self, *arguments: Any) -> Any:
        _limit(self)
        return super().read(*arguments)

    def send(self, *arguments: Any) -> int:
        _limit(self)
        return super().send(*arguments)


def deadline_tls_context() -> ssl.SSLContext:
    """A client's TLS context with deadline sockets.

    It trusts the default certificates of OpenSSL (`SSL_CERT_FILE`) and verifies host names.
    """
    context = ssl.create_default_context()
    context.sslsocket_class = TlsDeadlineSocket
    return context
