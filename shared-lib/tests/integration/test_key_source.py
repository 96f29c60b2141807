"""A key set from a URL is read again as it changes, within limits of time and size."""

import gzip
import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from shared_lib.auth.jwks import MAX_AGE_SECONDS, MAX_BYTES, MIN_INTERVAL_SECONDS, KeySet
from shared_lib.auth.service_tokens import public_jwk

ONE, OTHER = (public_jwk(generate_private_key(SECP256R1())) for _ in range(2))
Reply = Callable[[BaseHTTPRequestHandler], None]


class Source:
    """A server whose answer a test chooses; counts how often it is asked, and by which path."""

    def __init__(self) -> None:
        source = self
        self.asked: list[str] = []
        self.ended = threading.Event()
        self.reply: Reply = answering({"keys": [ONE]})

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                source.asked.append(self.path)
                with suppress(OSError):
                    source.reply(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/keys"


def answering(document: object, *, status: int = 200, **headers: str) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    thread = threading.Thread(target=source.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield source
    source.ended.set()
    source.server.shutdown()
    source.server.server_close()


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def keys(source: Source, now: list[float]) -> KeySet:
    return KeySet(source.address, monotonic=lambda: now[0])


def test_keys_are_fetched_once(keys: KeySet, source: Source) -> None:
    assert all(keys.find(ONE["kid"]) is not None for _ in range(5))
    assert source.asked == ["/keys"]


def test_a_rotated_key_is_found_and_a_withdrawn_one_removed(keys: KeySet, source: Source, now: list[float]) -> None:
    assert keys.find(ONE["kid"]) is not None
    source.reply = answering({"keys": [OTHER]})

    assert keys.find(OTHER["kid"]) is None, "at most one reading in ten seconds"
    now[0] += MIN_INTERVAL_SECONDS + 1
    assert keys.find(OTHER["kid"]) is not None
    assert keys.find(ONE["kid"]) is None
    assert len(source.asked) == 2


@pytest.mark.parametrize(
    "reply",
    [
        answering({"keys": [OTHER]}, status=500),
        answering({"keys": [OTHER]}, status=302, Location="/elsewhere"),
        answering({"keys": [OTHER]}, status=404),
        answering(b""),
        answering(b"<html>"),
        answering(b"\xff\xfe"),
        answering([]),
        answering({}),
        answering(None),
        answering({"keys": {}}),
        answering({"keys": "all"}),
        answering({"keys": []}),
        answering({"keys": [None, 7, "x", [], {}, {"kty": []}, {"kty": "EC", "kid": 7}]}),
        answering({"keys": [{**OTHER, "use": "enc"}]}),
        answering({"keys": [{**OTHER, "d": "AA"}]}),
        answering({"keys": [{**OTHER, "alg": "none"}]}),
        answering({"keys": [{**OTHER, "x": "AA"}]}),
        answering({"keys": [{**OTHER, "crv": "P-521"}]}),
        answering({"keys": [{"kty": "oct", "k": "AA", "kid": OTHER["kid"]}]}),
        answering(b"[" * 200_000),
        answering(json.dumps({"keys": [OTHER]}).encode() + b" " * MAX_BYTES),
    ],
)
def test_the_last_good_set_stays_while_the_source_fails(
    reply: Reply, keys: KeySet, source: Source, now: list[float]
) -> None:
    assert keys.find(ONE["kid"]) is not None
    source.reply = reply
    now[0] += MAX_AGE_SECONDS + 1

    assert keys.find(OTHER["kid"]) is None
    assert keys.find(ONE["kid"]) is not None
    assert source.asked == ["/keys", "/keys"], "no redirect is followed"


def test_a_key_that_cannot_be_read_does_not_take_the_others_with_it(keys: KeySet, source: Source) -> None:
    source.reply = answering({"keys": [{**OTHER, "x": "AA"}, {"kty": "oct"}, "x", ONE]})
    assert keys.find(ONE["kid"]) is not None


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Drip: ", b""])
def test_a_source_that_drips_times_out(source: Source, head: bytes) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not source.ended.wait(0.05):
            handler.wfile.write(b"1")

    source.reply = drip
    begun = time.monotonic()
    assert KeySet(source.address, fetch_timeout=0.3).find(ONE["kid"]) is None
    assert time.monotonic() - begun < 1


def test_a_compressed_set_is_read_only_as_far_as_allowed(keys: KeySet, source: Source) -> None:
    small, large = (gzip.compress(json.dumps({"keys": [ONE]}).encode() + b" " * size) for size in (0, 40_000_000))
    source.reply = answering(large, **{"Content-Encoding": "gzip"})
    tracemalloc.start()
    assert not keys.is_loaded()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000

    source.reply = answering(small, **{"Content-Encoding": "gzip"})
    assert KeySet(source.address).is_loaded()


def test_every_trusted_kind_of_key_is_read(keys: KeySet, source: Source) -> None:
    rsa = public_jwk(generate_rsa_key(public_exponent=65537, key_size=2048))
    source.reply = answering({"keys": [rsa, ONE]})
    found = [keys.find(kid) for kid in (rsa["kid"], ONE["kid"])]
    assert [key.algorithm_name for key in found if key is not None] == ["RS256", "ES256"]
