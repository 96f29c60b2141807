"""Pools of kept connections for `ServiceClient`: urllib3's, with fewer steps from a request to its answer."""

import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPConnection as StandardConnection
from http.client import HTTPResponse as StandardResponse
from typing import Any, Self, cast
from urllib.parse import urlsplit

import certifi
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import URLSchemeUnknown

from .http_response import LeanResponse
from .punctual import PlainSocket, TlsSocket


class _LastingTimeout(Timeout):
    """urllib3 copies it twice per call, to note when the call began; without a `total` nobody asks for that."""

    def clone(self) -> Self:
        return self

    def start_connect(self) -> float:
        return 0.0


class _LeanConnection(HTTPConnection):
    """Says each request in one piece, and goes once over the header fields of both sides."""

    response_class: type[StandardResponse] = LeanResponse
    _output: Callable[[bytes], None]
    _held: list[bytes] | None = None

    def request(  # type: ignore[override] # urllib3's differs from the standard library's as well
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> None:
        """The headers must say how long the body is. Raises ValueError for one with a line break in it."""
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        held: list[bytes] = []
        self._held = held
        try:
            self.putrequest(method, url, skip_accept_encoding=True)
            if headers:
                self._output(_block(headers))
            self.endheaders(body)
        finally:
            self._held = None
        self.send(b"".join(held))

    def send(self, data: Any) -> None:
        """Head and body come one after the other, and each would wake the neighbour."""
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as above
        # Not urllib3's, which sets a time-out (ours is the deadline's) and goes over the fields three times.
        answer = cast(LeanResponse, StandardConnection.getresponse(self))
        headers = HTTPHeaderDict()
        for name, value in answer.fields:
            headers.add(name, value)
        return HTTPResponse(
            body=answer,
            headers=headers,
            status=answer.status,
            version=answer.version,
            reason=answer.reason,
            preload_content=False,
            original_response=answer,
            request_method=answer.method,
        )


def _block(headers: Mapping[str, str]) -> bytes:
    block = "\r\n".join([f"{name}: {value}" for name, value in headers.items()])
    if block.count("\n") != len(headers) - 1 or block.count("\r") != len(headers) - 1:
        raise ValueError("a line break in a header")
    return block.encode("iso-8859-1")


class _PlainConnection(_LeanConnection):
    def _new_conn(self) -> PlainSocket:
        plain = super()._new_conn()
        punctual = PlainSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        punctual.settimeout(self.timeout)
        return punctual


class _TlsConnection(_LeanConnection, HTTPSConnection):
    """Its context wraps the socket."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def pool_to(address: str, *, connect: float, connections: int) -> HTTPConnectionPool:
    """For http:// and https://. Certificates are trusted as by OpenSSL's defaults (`SSL_CERT_FILE`) and by certifi.

    Reading is bounded by `answer_within` alone. When all connections are taken, one more is made and not kept.
    Raises ValueError for an address that names no host, no port or another scheme.
    """
    parts = urlsplit(address)
    timeout = _LastingTimeout(connect=connect, read=None)
    if parts.scheme == "http":
        return _PlainPool(parts.hostname or "", parts.port or 80, timeout, connections)
    if parts.scheme != "https":
        raise URLSchemeUnknown(parts.scheme)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.sslsocket_class = TlsSocket
    return _TlsPool(parts.hostname or "", parts.port or 443, timeout, connections, ssl_context=context)
