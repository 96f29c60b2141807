"""Calls over TLS keep the deadline and trust the certificates of OpenSSL's SSL_CERT_FILE."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from server_certificates import Certificate, context_of, self_signed
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path, not_after=datetime.now(UTC) + timedelta(hours=1))


@contextlib.contextmanager
def downstream(certificate: Certificate, first: bytes, then_drips: bytes = b"") -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with context_of(certificate).wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                secure.sendall(first)
                while then_drips and not over.wait(0.05):
                    secure.sendall(then_drips)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    over.set()
    listener.close()
    thread.join()


def test_a_certificate_in_ssl_cert_file_is_trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
    with downstream(certificate, HEAD % 8 + b'{"a": 1}') as url:
        answer = ServiceClient(url, total=5.0).call("GET", "/")

    assert answer.body == {"a": 1}


def test_an_unknown_certificate_is_not_trusted(certificate: Certificate) -> None:
    with downstream(certificate, HEAD % 2 + b"{}") as url, pytest.raises(Unreachable):
        ServiceClient(url, total=1.0).call("GET", "/")


def test_a_service_that_drips_times_out(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
    with downstream(certificate, HEAD % 100_000, then_drips=b" ") as url:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            ServiceClient(url, total=1.0).call("GET", "/")
        took = time.monotonic() - begun

    assert took < 2.5


def test_a_service_without_a_handshake_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            ServiceClient(f"https://127.0.0.1:{silent.getsockname()[1]}", connect=0.5, total=1.0).call("GET", "/")
        took = time.monotonic() - begun

    assert took < 2.5
