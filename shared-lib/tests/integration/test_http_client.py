"""A call returns or raises by the kind of response, and by the kind of failure."""

import socket
import threading
import time
from collections.abc import Callable

import pytest
from shared_lib.errors import Rejected, RetryLater, Unreachable
from shared_lib.http_client import ServiceClient

from ..downstream_services import DownstreamService, answer

Make = Callable[..., DownstreamService]


def cut(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def client(url: str) -> ServiceClient:
    return ServiceClient(url, audience="parcels", sign=lambda audience: f"token-for-{audience}", connect=0.5, total=1.0)


def test_an_answer_is_read(downstream: Make) -> None:
    found = client(downstream(answer(201)).url).call("POST", "/parcels", json={})
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
    downstream: Make, status: int, kind: type[Exception], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        client(downstream(answer(status, b"{}", "Location: http://127.0.0.1:9/")).url).call("GET", "/")
    assert caught.type is kind
    assert str(caught.value) == reason


def test_retry_after_is_passed_on(downstream: Make) -> None:
    with pytest.raises(Unreachable) as caught:
        client(downstream(answer(503, b"{}", "Retry-After: 17")).url).call("GET", "/")
    assert caught.value.retry_after == 17


def test_a_service_that_does_not_answer_times_out(downstream: Make) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="timeout"):
        client(downstream(lambda _: threading.Event().wait(5)).url).call("GET", "/")
    assert time.monotonic() - begun < 1.5


def test_a_refused_connection_is_reported_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="connect_failed"):
        client(f"http://127.0.0.1:{port}").call("GET", "/")
    assert time.monotonic() - begun < 0.5


def test_a_broken_connection_is_replaced_once(downstream: Make) -> None:
    flaky = downstream(lambda _: None, answer(200))
    assert client(flaky.url).call("GET", "/").status == 200
    assert flaky.connections == 2


def test_a_broken_connection_is_replaced_only_once(downstream: Make) -> None:
    broken = downstream(cut)
    with pytest.raises(Unreachable):
        client(broken.url).call("GET", "/")
    assert broken.connections <= 2


@pytest.mark.parametrize("body", [b"not json", b"[]", b'"text"', b"[" * 100_000, b" " * (1024 * 1024 + 1)], ids=len)
def test_an_answer_that_is_no_document_is_no_answer(downstream: Make, body: bytes) -> None:
    with pytest.raises(Unreachable):
        client(downstream(answer(200, body)).url).call("GET", "/")


def test_an_answer_larger_than_agreed_is_refused_by_name_and_not_asked_for_again(
    downstream: Make,
) -> None:
    other = downstream(answer(200, b'{"a": "' + b"x" * 1000 + b'"}'))

    with pytest.raises(Unreachable, match="answer_too_large"):
        ServiceClient(other.url, max_bytes=1000).call("GET", "/")
    assert other.connections == 1
    assert ServiceClient(other.url, max_bytes=1010).call("GET", "/").body == {"a": "x" * 1000}
