"""Limits of a call that no server can exceed: total time, size of the response, one address."""

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient

from ..downstream_services import DownstreamService, Script, again_and_again, answer, raw

Make = Callable[..., DownstreamService]

FINAL = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
GZIP = "Content-Encoding: gzip"


def dripping(head: bytes, drop: bytes) -> Script:
    """Sends a few bytes now and then, so that no single read takes long."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            threading.Event().wait(0.05)
            connection.sendall(drop)

    return drip


@pytest.mark.parametrize("interim", [CONTINUE, PROCESSING, EARLY_HINTS, PROCESSING + EARLY_HINTS + CONTINUE])
def test_informational_answers_are_read_on_until_the_final_one(downstream: Make, interim: bytes) -> None:
    server = downstream(again_and_again(interim + FINAL, interim + FINAL))
    client = ServiceClient(server.url)

    assert [client.call("GET", "/").body for _ in range(2)] == [{"a": 1}] * 2
    assert server.connections == 1, "the connection is still in step"


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"", b"H"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"1"),
        dripping(b"", EARLY_HINTS),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"", mtime=0)[:10], b""),
    ],
    ids=["status", "headers", "one header", "hints", "body", "chunks", "body without length", "gzip"],
)
def test_a_server_that_drips_holds_a_call_no_longer_than_its_total(downstream: Make, script: Script) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=r"^(timeout|connection_lost)$"):
        ServiceClient(downstream(script).url, total=0.4).call("GET", "/")
    assert time.monotonic() - begun < 0.9


def test_both_attempts_together_take_no_longer_than_the_total(downstream: Make) -> None:
    def late_end(_: socket.socket) -> None:
        threading.Event().wait(0.3)

    begun = time.monotonic()
    with pytest.raises(Unreachable):
        ServiceClient(downstream(late_end, dripping(b"", b"H")).url, total=0.5).call("GET", "/")
    assert time.monotonic() - begun < 1.0


def test_a_server_that_does_not_read_holds_a_call_no_longer_than_its_total(downstream: Make) -> None:
    def deaf(_: socket.socket) -> None:
        threading.Event().wait(5)

    begun = time.monotonic()
    with pytest.raises(Unreachable):
        ServiceClient(downstream(deaf).url, total=0.5).call("PUT", "/", json={"a": "x" * 30_000_000})
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_a_compressed_answer_is_read_only_as_far_as_allowed_whatever_its_status(downstream: Make, status: int) -> None:
    bomb = gzip.compress(b" " * 40_000_000)
    server = downstream(answer(status, bomb, GZIP, "Location: http://127.0.0.1:9/"))
    client = ServiceClient(server.url)
    tracemalloc.start()
    with pytest.raises(Unreachable, match="answer_too_large"):
        client.call("GET", "/")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(downstream: Make, status: int) -> None:
    other = downstream(answer(200))
    server = downstream(answer(status, b"", f"Location: {other.url}/"))
    with pytest.raises(Unreachable, match=f"^http_{status}$"):
        ServiceClient(server.url, sign=lambda _: "token").call("POST", "/", json={})
    assert other.heard == []


def test_proxies_and_netrc_of_the_environment_are_ignored(
    downstream: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proxy, server = downstream(answer(200)), downstream(answer(200))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login kari password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert ServiceClient(server.url).call("GET", "/").status == 200
    assert proxy.heard == []
    assert b"authorization" not in server.heard[0].lower()


def test_cookies_are_not_kept(downstream: Make) -> None:
    server = downstream(raw(FINAL.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=kari; Path=/\r\n\r\n", 1)))
    client = ServiceClient(server.url)
    for _ in range(2):
        client.call("GET", "/")
    assert not any(b"cookie" in heard.lower() for heard in server.heard)
