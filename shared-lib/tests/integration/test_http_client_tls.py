"""Calls over TLS keep the same deadline, and trust whom OpenSSL's SSL_CERT_FILE names."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient
from shared_lib.http_connection import pool_to
from shared_lib.testing.certificates import Certificate, context_of, self_signed

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return self_signed(tmp_path, not_after=datetime.now(UTC) + timedelta(hours=1))


@contextlib.contextmanager
def neighbour(
    certificate: Certificate, first: bytes, then_drips: bytes = b"", records: list[bytes] | None = None
) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with context_of(certificate).wrap_socket(connection, server_side=True) as secure:
                record = secure.recv(65536)
                if records is not None:
                    records.append(record)
                secure.sendall(first)
                while then_drips and not over.wait(0.05):
                    secure.sendall(then_drips)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    over.set()
    listener.close()
    thread.join()


def test_whom_ssl_cert_file_names_is_trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
    with neighbour(certificate, HEAD % 8 + b'{"a": 1}') as url:
        answer = ServiceClient(url, total=5.0).call("GET", "/")

    assert answer.body == {"a": 1}


def test_a_stranger_is_not_trusted(certificate: Certificate) -> None:
    with neighbour(certificate, HEAD % 2 + b"{}") as url, pytest.raises(Unreachable):
        ServiceClient(url, total=5.0).call("GET", "/")


def test_whom_certifi_names_is_trusted_where_openssl_knows_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    context = pool_to("https://127.0.0.1/", connect=1.0, connections=1).conn_kw["ssl_context"]
    assert context.cert_store_stats()["x509_ca"] > 0


def test_a_neighbour_that_drips_is_given_up_in_time(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
    with neighbour(certificate, HEAD % 100_000, then_drips=b" ") as url:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            ServiceClient(url, total=1.0).call("GET", "/")
        took = time.monotonic() - begun

    assert took < 2.5


def test_a_neighbour_that_never_shakes_hands_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(Unreachable):
            ServiceClient(f"https://127.0.0.1:{silent.getsockname()[1]}", connect=0.5, total=1.0).call("GET", "/")
        took = time.monotonic() - begun

    assert took < 2.5


def test_head_and_body_are_said_in_one_piece(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.public))
    records: list[bytes] = []  # over TLS each piece that is sent is one record, and one read gives one record
    with neighbour(certificate, HEAD % 2 + b"{}", records=records) as url:
        ServiceClient(url, total=5.0).call("POST", "/", json={"a": 1})

    (all_of_it,) = records
    assert all_of_it.startswith(b"POST / HTTP/1.1\r\n")
    assert all_of_it.endswith(b'Content-Length: 7\r\n\r\n{"a":1}')
