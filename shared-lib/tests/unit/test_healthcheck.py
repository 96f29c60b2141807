"""The health check of a container, against processes that answer well, badly, slowly or not at all."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from shared_lib.observability.healthcheck import is_healthy

Listening = Callable[[dict[str, int]], str]


@pytest.fixture
def listening() -> Iterator[Listening]:
    """`listening({"/readyz": 200})` is the address of a process that answers so, and 404 otherwise."""
    servers = []

    def start(statuses: dict[str, int]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(statuses.get(self.path, 404))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        return f"0.0.0.0:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def nobody() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"0.0.0.0:{probe.getsockname()[1]}"


def test_a_web_process_is_healthy_when_it_is_ready(listening: Listening, nobody: str) -> None:
    assert is_healthy({"LISTEN_ADDRESS": listening({"/readyz": 200}), "METRICS_BIND": nobody})
    assert not is_healthy({"LISTEN_ADDRESS": listening({"/readyz": 503, "/livez": 200}), "METRICS_BIND": nobody})


def test_a_relay_is_healthy_while_it_polls(listening: Listening, nobody: str) -> None:
    assert is_healthy({"LISTEN_ADDRESS": nobody, "METRICS_BIND": listening({"/livez": 200})})
    assert not is_healthy({"LISTEN_ADDRESS": nobody, "METRICS_BIND": listening({"/livez": 503})})


def test_no_process_is_not_healthy(nobody: str) -> None:
    assert not is_healthy({"LISTEN_ADDRESS": nobody})


def test_a_process_that_listens_but_does_not_answer_is_not_healthy(listening: Listening) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stuck = f"0.0.0.0:{silent.getsockname()[1]}"
        dispatcher = listening({"/livez": 200})
        assert not is_healthy({"LISTEN_ADDRESS": stuck, "METRICS_BIND": dispatcher}, timeout_seconds=0.1)


def test_a_process_that_answers_byte_by_byte_is_given_up_in_time() -> None:
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nA: ")
            while not over.wait(0.05):
                connection.sendall(b"b")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        check = f"""
from shared_lib.observability import healthcheck
raise SystemExit(healthcheck.main({{"LISTEN_ADDRESS": "127.0.0.1:{listener.getsockname()[1]}"}}, timeout_seconds=0.5))
"""
        finished = subprocess.run([sys.executable, "-c", check], timeout=10, check=False)
        over.set()

    assert finished.returncode == -signal.SIGALRM


def test_a_proxy_of_the_environment_is_not_asked(
    listening: Listening, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{nobody}")
    assert is_healthy({"LISTEN_ADDRESS": listening({"/readyz": 200})})
