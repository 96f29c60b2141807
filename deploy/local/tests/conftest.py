"""A scripted service, and a real gateway in front of it: the local one, or nginx with GATEWAY=nginx."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

LOCAL = Path(__file__).resolve().parents[1]
IS_NGINX = os.environ.get("GATEWAY") == "nginx"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], object], *, within: float = 15.0) -> None:
    """Wait until it holds; fails when it does not in time."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.02)


@dataclass
class Seen:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Service:
    """Keeps what it is asked; `cut_next` connections are closed without an answer."""

    seen: list[Seen] = field(default_factory=list)
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    cut_next: int = 0
    port: int = 0


@pytest.fixture
def service() -> Iterator[Service]:
    state = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            state.seen.append(Seen(self.command, self.path, self.headers.items(), body))
            if state.cut_next:
                state.cut_next -= 1
                self.close_connection = True
                return
            self.send_response(state.status)
            for name, value in [*state.headers, ("Content-Length", "2")]:
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(b"{}")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("0.0.0.0" if IS_NGINX else "127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield state
        server.shutdown()
        thread.join()


@pytest.fixture
def gateway(service: Service, tmp_path: Path) -> Iterator[int]:
    """The gateway's port; orchestrator is the scripted service, notification is down."""
    with _running({"orchestrator": service.port, "notification": free_port()}, tmp_path) as port:
        yield port


@contextmanager
def _running(upstreams: dict[str, int], directory: Path) -> Iterator[int]:
    if IS_NGINX:
        from containers.nginx import gateway_in_front_of

        with gateway_in_front_of(upstreams, directory) as port:
            yield port
        return
    port = free_port()
    named = " ".join(f"{service}=http://127.0.0.1:{there}" for service, there in upstreams.items())
    options = ["--bind", f"127.0.0.1:{port}", "--config", str(LOCAL / "gateway_server.py"), "--pythonpath", str(LOCAL)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, "gateway:from_environment()"],
        env={**os.environ, "UPSTREAMS": named, "SHUTDOWN_GRACE_SECONDS": "0"},
        stderr=subprocess.DEVNULL,
    )

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(listens)
    yield port
    process.terminate()
    process.wait(timeout=15)
