"""Calls to a neighbour that misbehaves in every way a socket allows."""

import socket
import threading
import time
from collections.abc import Callable

import pytest
from shared_lib.errors import Rejected, RetryLater, Unreachable
from shared_lib.http_client import ServiceClient

from ..neighbours import Neighbour, Script, answer


def drip(connection: socket.socket) -> None:
    """A byte now and then: a time-out per read would never end it."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        threading.Event().wait(0.05)


def cut(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def client(url: str) -> ServiceClient:
    return ServiceClient(url, audience="parcels", sign=lambda audience: f"token-for-{audience}", connect=0.5, total=1.0)


def test_an_answer_is_read(neighbour: Callable[..., Neighbour]) -> None:
    found = client(neighbour(answer(201)).url).call("POST", "/parcels", json={})
    assert (found.status, found.body) == (201, {"a": 1})


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, Rejected, "http_400"),
        (404, Rejected, "http_404"),
        (422, Rejected, "http_422"),
        (401, Unreachable, "http_401"),
        (429, RetryLater, "http_429"),
        (500, Unreachable, "http_500"),
        (503, Unreachable, "http_503"),
        (302, Unreachable, "http_302"),
    ],
)
def test_a_status_says_whether_trying_again_helps(
    neighbour: Callable[..., Neighbour], status: int, kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        client(neighbour(answer(status, b"{}", "Location: http://127.0.0.1:9/")).url).call("GET", "/")
    assert caught.type is kind
    assert str(caught.value) == reason


def test_retry_after_is_passed_on(neighbour: Callable[..., Neighbour]) -> None:
    with pytest.raises(Unreachable) as caught:
        client(neighbour(answer(503, b"{}", "Retry-After: 17")).url).call("GET", "/")
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("script", "reason"),
    [(drip, "connection_lost"), (lambda _: threading.Event().wait(5), "timeout")],
    ids=["drip", "silent"],
)
def test_the_deadline_is_a_total(neighbour: Callable[..., Neighbour], script: Script, reason: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable, match=reason):
        client(neighbour(script).url).call("GET", "/")
    assert time.monotonic() - begun < 1.5


def test_nobody_listening_is_found_out_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="connect_failed"):
        client(f"http://127.0.0.1:{port}").call("GET", "/")
    assert time.monotonic() - begun < 0.5


def test_a_broken_connection_is_replaced_once(neighbour: Callable[..., Neighbour]) -> None:
    flaky = neighbour(lambda _: None, answer(200))
    assert client(flaky.url).call("GET", "/").status == 200
    assert flaky.connections == 2


def test_two_broken_connections_are_an_unreachable_neighbour(neighbour: Callable[..., Neighbour]) -> None:
    broken = neighbour(cut)
    with pytest.raises(Unreachable):
        client(broken.url).call("GET", "/")
    assert broken.connections <= 2


@pytest.mark.parametrize("body", [b"not json", b"[]", b'"text"', b"[" * 100_000, b" " * (1024 * 1024 + 1)], ids=len)
def test_an_answer_that_is_no_document_is_no_answer(neighbour: Callable[..., Neighbour], body: bytes) -> None:
    with pytest.raises(Unreachable):
        client(neighbour(answer(200, body)).url).call("GET", "/")


def test_an_answer_larger_than_agreed_is_refused_by_name_and_not_asked_for_again(
    neighbour: Callable[..., Neighbour],
) -> None:
    other = neighbour(answer(200, b'{"a": "' + b"x" * 1000 + b'"}'))

    with pytest.raises(Unreachable, match="answer_too_large"):
        ServiceClient(other.url, max_bytes=1000).call("GET", "/")
    assert other.connections == 1
    assert ServiceClient(other.url, max_bytes=1010).call("GET", "/").body == {"a": "x" * 1000}
