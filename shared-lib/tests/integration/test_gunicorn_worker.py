"""The gunicorn worker, in real processes and over real sockets."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

TESTS = Path(__file__).parents[1]
THREADS = 4


@dataclass
class Served:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, message: bytes) -> bytes:
        """Send bytes as they are; answers all that comes back until the connection is closed or quiet for a while."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(message)
            with contextlib.suppress(TimeoutError):
                while received := connection.recv(65536):
                    answer += received
                    connection.settimeout(0.5)
        return answer


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {"LISTEN_ADDRESS": f"127.0.0.1:{port}", "WEB_THREADS": str(THREADS), "SHUTDOWN_GRACE_SECONDS": "1"}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config", "--pythonpath", str(TESTS)]
    process = subprocess.Popen([*command, "tiny_service:application"], env={**os.environ, **settings})
    running = Served(process, port)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{running.url}/livez", timeout=5)
            break
        threading.Event().wait(0.02)
    yield running
    process.kill()
    process.wait()


def test_liveness_does_not_wait_for_a_busy_thread(served: Served) -> None:
    busy = [threading.Thread(target=requests.get, args=(f"{served.url}/slow",)) for _ in range(THREADS * 2)]
    for thread in busy:
        thread.start()
    threading.Event().wait(0.3)
    begun = time.monotonic()
    answer = requests.get(f"{served.url}/livez", timeout=5)
    took = time.monotonic() - begun
    for thread in busy:
        thread.join()

    assert answer.status_code == 200
    assert took < 0.5


def test_time_in_the_queue_for_a_thread_counts_towards_the_deadline(served: Served) -> None:
    idle = requests.get(f"{served.url}/left", timeout=5).json()["left"]
    busy = [threading.Thread(target=requests.get, args=(f"{served.url}/slow",)) for _ in range(THREADS)]
    for thread in busy:
        thread.start()
    threading.Event().wait(0.3)
    queued = requests.get(f"{served.url}/left", timeout=5).json()["left"]
    for thread in busy:
        thread.join()

    assert 2.7 < idle <= 3.2
    assert queued < idle - 1.2


def test_silent_clients_occupy_no_thread(served: Served) -> None:
    silent = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(THREADS * 3)]
    begun = time.monotonic()
    answer = requests.get(f"{served.url}/openapi.json", timeout=5)
    took = time.monotonic() - begun
    for connection in silent:
        connection.close()

    assert answer.status_code == 200
    assert took < 2


@pytest.mark.parametrize(
    ("message", "status", "instance"),
    [
        (b"GARBAGE\r\n\r\n", 400, ""),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", 400, "/"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "/" + "a" * 249),
        (b"GET /left?a=" + b"b" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "/left"),
        (b"GET http://x:80/left?a=" + b"b" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "/left"),
        (b"GET /left?a=b HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20000 + b"\r\n\r\n", 431, "/left"),
        (b"GET /left?\xc3\xa5 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "/left"),
        (b"GET /left HTTP/1.1\r\nHost: x\r\n" + b"A: a\r\n" * 70 + b"\r\n", 431, "/left"),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400, "/echo"),
        (b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: cake\r\nContent-Length: 2\r\n\r\n{}", 417, "/echo"),
        (
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
            400,
            "/echo",
        ),
    ],
    ids=[
        *("no request", "bad header", "long path", "long query", "whole address", "long header", "odd query", "many"),
        *("bad length", "bad expectation", "bad chunk"),
    ],
)
def test_an_unreadable_request_is_answered_with_a_problem_document(
    served: Served, message: bytes, status: int, instance: str
) -> None:
    head, _, body = served.say(message).partition(b"\r\n\r\n")

    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"application/problem+json" in head
    for header in (b"Cache-Control: no-store", b"X-Content-Type-Options: nosniff", b"X-Request-ID: "):
        assert header in head
    document = json.loads(body)
    assert (document["status"], document["instance"]) == (status, instance)
    assert (document["title"] == "URI Too Long") == (status == 414), "whatever the version of Python calls it"


def test_the_path_of_an_unreadable_request_is_known_in_whatever_pieces_it_comes(served: Served) -> None:
    first = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    for pieces in (
        [b"GET /le", b"ft HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20000 + b"\r\n\r\n"],
        [first + b"GET /left HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20000 + b"\r\n\r\n"],
    ):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                connection.sendall(piece)
                threading.Event().wait(0.2)
            answer = b""
            while received := connection.recv(65536):
                answer += received
        document = json.loads(answer.rpartition(b"\r\n\r\n")[2])
        assert (document["status"], document["instance"]) == (431, "/left")


def test_a_token_of_8_kib_is_read_and_a_longer_one_answered_with_a_problem(served: Served) -> None:
    for size, status in ((8192, 200), (12_000, 200), (20_000, 431)):
        answer = requests.get(f"{served.url}/left", headers={"Authorization": f"Bearer {'a' * size}"}, timeout=5)
        assert answer.status_code == status, size
    assert answer.json()["type"] == "urn:pause-notices:problem:request-header-fields-too-large"
    assert "8192" in answer.json()["detail"]


@pytest.mark.parametrize(
    "message",
    [
        b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Drip: ",
        b"GET /livez",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
    ],
    ids=["dripping", "first line only", "a body that never comes", "a connection left open", "refused and left open"],
)
def test_one_client_of_the_liveness_probe_does_not_delay_the_next(served: Served, message: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as slow:
        slow.sendall(message)
        threading.Event().wait(0.2)
        begun = time.monotonic()
        assert requests.get(f"{served.url}/livez", timeout=10).status_code == 200
        assert time.monotonic() - begun < 1


@pytest.mark.parametrize("size", [70_000, 20 * 1024 * 1024])
def test_a_client_that_sends_too_much_sees_the_answer(served: Served, size: int) -> None:
    headers = {"Content-Type": "application/json"}
    whole = requests.post(f"{served.url}/echo", data=b"x" * size, headers=headers, timeout=20)
    chunked = requests.post(
        f"{served.url}/echo", data=iter([b"x" * 65536] * (size // 65536)), headers=headers, timeout=20
    )

    assert (whole.status_code, chunked.status_code) == (413, 413)


def test_a_body_that_never_comes_does_not_occupy_a_thread_for_ever(served: Served) -> None:
    begun = time.monotonic()
    message = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    answer = served.say(message)

    assert answer.startswith(b"HTTP/1.1 4")
    assert time.monotonic() - begun < 16


@pytest.fixture
def ending() -> Iterator[Served]:
    with serving() as running:
        yield running


def test_after_sigterm_it_drains_and_answers_requests_under_way(ending: Served) -> None:
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(requests.get(f"{ending.url}/slow", timeout=10).status_code))
    thread.start()
    threading.Event().wait(0.3)
    ending.process.send_signal(signal.SIGTERM)
    threading.Event().wait(0.3)
    ready = requests.get(f"{ending.url}/readyz", timeout=5)
    thread.join()

    assert ready.status_code == 503
    assert answers == [200]
    assert ending.process.wait(timeout=30) == 0


def test_until_the_grace_period_ends_every_new_request_is_answered(ending: Served) -> None:
    """A request of two seconds keeps the process from exiting early, while other clients go on asking."""
    slow = threading.Thread(target=ending.say, args=(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",))
    slow.start()
    threading.Event().wait(0.3)
    grace_ends = time.monotonic() + 0.9
    ending.process.send_signal(signal.SIGTERM)
    statuses: list[bytes] = []

    def ask() -> None:
        while time.monotonic() < grace_ends:
            statuses.append(ending.say(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[9:12])

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in [*asking, slow]:
        thread.join()

    assert len(statuses) > 4
    assert set(statuses) == {b"200"}
    assert ending.process.wait(timeout=30) == 0
    with pytest.raises(ConnectionRefusedError):
        ending.say(b"GET /openapi.json HTTP/1.1\r\n\r\n")
