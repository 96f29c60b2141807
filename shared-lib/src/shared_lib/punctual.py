"""An adapter for `requests` that keeps a total deadline: its own time-out counts per read, so a dripping peer could
hold us for ever.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

_moment: ContextVar[float] = ContextVar("punctual", default=float("inf"))


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Within the block every read of this thread ends with a TimeoutError once the seconds are over."""
    token = _moment.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _moment.reset(token)


def _keep_deadline(waiting: socket.socket) -> None:
    remaining = _moment.get() - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("deadline")
    if remaining != float("inf"):
        waiting.settimeout(remaining)


class _PlainSocket(socket.socket):
    def recv_into(self, *arguments: Any, **options: Any) -> int:
        _keep_deadline(self)
        return super().recv_into(*arguments, **options)


class _TlsSocket(ssl.SSLSocket):
    def recv_into(self, *arguments: Any, **options: Any) -> int:
        _keep_deadline(self)
        return super().recv_into(*arguments, **options)

    def do_handshake(self, block: bool = False) -> None:
        _keep_deadline(self)
        super().do_handshake(block)


class _PlainConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        plain = super()._new_conn()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _PlainSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class PunctualAdapter(HTTPAdapter):
    """For http:// and https://. Certificates are trusted as by OpenSSL's defaults (`SSL_CERT_FILE`) and by certifi."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        context = ssl.create_default_context()
        context.sslsocket_class = _TlsSocket
        super().init_poolmanager(*arguments, **options, ssl_context=context)
        self.poolmanager.pool_classes_by_scheme = {**self.poolmanager.pool_classes_by_scheme, "http": _PlainPool}
