"""The requests that calls send."""

import socket
from collections.abc import Callable

import pytest
from requests.exceptions import InvalidJSONError
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient

from ..downstream_services import DownstreamService, answer, raw

Make = Callable[..., DownstreamService]


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        ("", "/parcels", "/parcels"),
        ("", "", "/"),
        ("/", "/parcels", "/parcels"),
        ("/base/", "/parcels/a%2Fb", "/base/parcels/a%2Fb"),
        ("/push?key=a%20b", "", "/push?key=a%20b"),
        ("?key=a", "", "/?key=a"),
        ("", "/\u00e5?a b", "/%C3%A5?a%20b"),
        ("", "/a\r\nEvil: b", "/a%0D%0AEvil:%20b"),
    ],
)
def test_the_address_may_have_a_path_and_a_query(downstream: Make, base: str, path: str, target: str) -> None:
    listening = downstream(answer(200))
    ServiceClient(listening.url + base).call("GET", path)
    assert listening.heard[0].startswith(f"GET {target} HTTP/1.1\r\nHost: {listening.url[7:]}\r\n".encode())


def test_user_and_password_of_the_address_are_sent_unless_there_is_a_token(downstream: Make) -> None:
    listening = downstream(answer(200))
    address = listening.url.replace("//", "//user:p%40ss@")
    ServiceClient(address).call("GET", "/")
    ServiceClient(address, sign=lambda _: "token").call("GET", "/")

    basic, bearer = listening.heard
    assert b"\r\nAuthorization: Basic dXNlcjpwQHNz\r\n" in basic
    assert b"\r\nAuthorization: Bearer token\r\n" in bearer
    assert b"Basic" not in bearer


def test_a_header_with_a_line_break_in_it_is_not_sent(downstream: Make) -> None:
    listening = downstream(answer(200))
    asking = ServiceClient(listening.url)
    for value in ("a\r\nEvil: b", "a\nEvil: b", "a\rEvil: b"):
        with pytest.raises(ValueError, match="return character"):
            asking.call("GET", "/", headers={"Prefer": value})
    assert listening.connections == 0

    assert asking.call("GET", "/", headers={"Prefer": "wait=1"}).status == 200
    assert b"\r\nPrefer: wait=1\r\n" in listening.heard[0]


def test_a_body_that_is_no_json_is_a_programming_error(downstream: Make) -> None:
    with pytest.raises(InvalidJSONError):
        ServiceClient(downstream(answer(200)).url).call("POST", "/", json={"a": float("nan")})


def test_a_long_body_reaches_a_slow_reader_over_a_new_connection(downstream: Make) -> None:
    def reads_to_the_end(connection: socket.socket) -> None:
        while not connection.recv(1_000_000).endswith(b'"}'):
            pass
        answer(200)(connection)

    asking = ServiceClient(downstream(reads_to_the_end).url, connect=5.0, total=20.0)
    assert asking.call("PUT", "/", json={"a": "x" * 12_000_000}).status == 200


def test_only_the_head_of_an_answer_can_be_asked_for(downstream: Make) -> None:
    head = downstream(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"))
    assert ServiceClient(head.url).call("HEAD", "/").body == {}


@pytest.mark.parametrize("nobody", ["", "http://", "ftp://127.0.0.1/", "http://a..b/", "http://127.0.0.1:99999/"])
def test_an_unusable_address_is_unreachable(nobody: str) -> None:
    with pytest.raises(Unreachable, match="connection_lost"):
        ServiceClient(nobody).call("GET", "/")
