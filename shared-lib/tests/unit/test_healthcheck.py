"""What a container's health check makes of the process beside it."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from shared_lib import healthcheck

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


def test_a_web_process_is_well_when_it_is_ready(listening: Listening, nobody: str) -> None:
    assert healthcheck.is_well({"LISTEN_ADDRESS": listening({"/readyz": 200}), "METRICS_BIND": nobody})
    assert not healthcheck.is_well(
        {"LISTEN_ADDRESS": listening({"/readyz": 503, "/livez": 200}), "METRICS_BIND": nobody}
    )


def test_a_relay_is_well_while_its_loop_turns(listening: Listening, nobody: str) -> None:
    assert healthcheck.is_well({"LISTEN_ADDRESS": nobody, "METRICS_BIND": listening({"/livez": 200})})
    assert not healthcheck.is_well({"LISTEN_ADDRESS": nobody, "METRICS_BIND": listening({"/livez": 503})})


def test_nobody_is_not_well(nobody: str) -> None:
    assert not healthcheck.is_well({"LISTEN_ADDRESS": nobody})


def test_who_listens_but_does_not_answer_is_not_well(monkeypatch: pytest.MonkeyPatch, listening: Listening) -> None:
    monkeypatch.setattr(healthcheck, "PATIENCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stuck = f"0.0.0.0:{silent.getsockname()[1]}"
        assert not healthcheck.is_well({"LISTEN_ADDRESS": stuck, "METRICS_BIND": listening({"/livez": 200})})
