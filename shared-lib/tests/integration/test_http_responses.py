"""Heads and bodies of responses, and what happens to the connection afterwards."""

import gzip
import socket
import threading
from collections.abc import Callable

import pytest
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient

from ..downstream_services import DownstreamService, Script, again_and_again, answer, raw

Make = Callable[..., DownstreamService]

OK = b"HTTP/1.1 200 OK\r\n"
DOCUMENT = b'{"a": 1}'
PLAIN = OK + b"Content-Length: 8\r\n\r\n" + DOCUMENT
CHUNKED = OK + b'TRANSFER-encoding: Chunked\r\n\r\n3\r\n{"a\r\n5;x=y\r\n": 1}\r\n0\r\nT: railer\r\n\r\n'


def client(url: str) -> ServiceClient:
    return ServiceClient(url, connect=0.5, total=2.0)


def headed(*lines: bytes) -> Script:
    """An answer that is whole but for these lines."""
    return raw(OK + b"Content-Length: 8\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + DOCUMENT)


MALFORMED = {
    "no colon": headed(b"nonsense"),
    "a space before the colon": headed(b"Content-Length : 0"),
    "no name": headed(b": nobody"),
    "a line break of its own kind": headed(b"A: b\rContent-Length: 0"),
    "a continuation of nothing": raw(OK + b" A: b\r\nContent-Length: 8\r\n\r\n" + DOCUMENT),
    "an end in the middle": raw(OK + b"Content-Le"),
}


@pytest.mark.parametrize("script", MALFORMED.values(), ids=MALFORMED.keys())
def test_an_answer_with_malformed_headers_is_no_answer(downstream: Make, script: Script) -> None:
    with pytest.raises(Unreachable, match="connection_lost"):
        client(downstream(script).url).call("GET", "/")


def test_headers_are_bounded_in_number_and_length(downstream: Make) -> None:
    for fits in (headed(*[b"A: b"] * 98), headed(b"A: " + b"b" * 65531), headed(b"A:" + b" " * 65531 + b"b")):
        assert client(downstream(fits).url).call("GET", "/").body == {"a": 1}
    for too_much in (headed(*[b"A: b"] * 99), headed(b"A: " + b"b" * 65532)):
        with pytest.raises(Unreachable, match="connection_lost"):
            client(downstream(too_much).url).call("GET", "/")


@pytest.mark.parametrize("header", ["Retry-After: 17", "retry-after:17", "RETRY-AFTER: \t17", "Retry-After:\r\n 17"])
def test_headers_are_read_in_any_case_and_over_two_lines(downstream: Make, header: str) -> None:
    with pytest.raises(Unreachable) as caught:
        client(downstream(answer(503, b"{}", header)).url).call("GET", "/")
    assert caught.value.retry_after == 17


def test_the_first_of_two_lengths_does_not_win(downstream: Make) -> None:
    with pytest.raises(Unreachable, match="connection_lost"):
        client(downstream(headed(b"Content-Length: 9")).url).call("GET", "/")


def test_the_first_of_two_transfer_encodings_says_where_the_answer_ends(downstream: Make) -> None:
    twice = CHUNKED.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: identity\r\n\r\n", 1)
    assert client(downstream(raw(twice)).url).call("GET", "/").body == {"a": 1}


@pytest.mark.parametrize("message", [PLAIN, CHUNKED], ids=["plain", "chunked"])
def test_a_connection_is_kept_for_the_next_call(downstream: Make, message: bytes) -> None:
    steady = downstream(again_and_again(*[message] * 3))
    asking = client(steady.url)
    assert [asking.call("GET", "/").body for _ in range(3)] == [{"a": 1}] * 3
    assert steady.connections == 1


def test_a_kept_connection_that_is_closed_instead_of_answered_is_replaced_once(downstream: Make) -> None:
    tired = downstream(again_and_again(PLAIN))
    asking = client(tired.url)
    assert [asking.call("GET", "/").body for _ in range(4)] == [{"a": 1}] * 4
    assert tired.connections == 4


@pytest.mark.parametrize(
    "message",
    [
        OK + b"CONNECTION: Close\r\ncontent-LENGTH: 8\r\n\r\n" + DOCUMENT,
        b"HTTP/1.0 200\r\nContent-Length: 8\r\n\r\n" + DOCUMENT,
    ],
    ids=["closing", "HTTP/1.0"],
)
def test_a_connection_that_is_to_be_closed_is_not_used_again(downstream: Make, message: bytes) -> None:
    closing = downstream(again_and_again(message, message))
    asking = client(closing.url)
    assert [asking.call("GET", "/").body for _ in range(2)] == [{"a": 1}] * 2
    assert closing.connections == 2


@pytest.mark.parametrize(
    "message",
    [OK + b"\r\n" + DOCUMENT, b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" + PLAIN],
    ids=["no length", "after a 100"],
)
def test_an_answer_that_ends_with_its_connection_is_whole(downstream: Make, message: bytes) -> None:
    assert client(downstream(raw(message)).url).call("GET", "/").body == {"a": 1}


@pytest.mark.parametrize(
    "message",
    [OK + b"Content-Length: 9\r\n\r\n" + DOCUMENT, OK + b"Content-Length: 9\r\n\r\n", CHUNKED[:-16]],
    ids=["length", "nothing", "chunked"],
)
def test_an_answer_that_is_cut_where_it_could_end_is_no_answer(downstream: Make, message: bytes) -> None:
    with pytest.raises(Unreachable, match="connection_lost"):
        client(downstream(raw(message)).url).call("GET", "/")


def test_a_compressed_answer_is_read_though_it_was_not_asked_for(downstream: Make) -> None:
    small = answer(200, gzip.compress(DOCUMENT), "content-encoding: GZIP")
    assert client(downstream(small).url).call("GET", "/").body == {"a": 1}


def test_a_connection_with_more_on_it_than_agreed_is_not_used_again(downstream: Make) -> None:
    talkative = downstream(again_and_again(*[PLAIN] * 2))
    asking = ServiceClient(talkative.url, max_bytes=6)
    for _ in range(2):
        with pytest.raises(Unreachable, match="answer_too_large"):
            asking.call("GET", "/")
    assert talkative.connections == 2


def test_more_threads_than_kept_connections_are_all_answered(downstream: Make) -> None:
    together = threading.Barrier(8, timeout=10)

    def once_all_ask(connection: socket.socket) -> None:
        together.wait()
        raw(PLAIN)(connection)

    asking = ServiceClient(downstream(once_all_ask).url, connections=2)
    bodies: list[object] = []
    threads = [threading.Thread(target=lambda: bodies.append(asking.call("GET", "/").body)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [{"a": 1}] * 8
