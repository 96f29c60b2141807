"""The load generator and the sink report what really happened."""

import smtplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bench.load import KeepAliveClient, Unexpected, request, send_all
from bench.measure import Bar, Row, Sample, in_turn

SINK = Path(__file__).resolve().parents[1] / "sink.py"


class Echo(BaseHTTPRequestHandler):
    """Answers 201 with the body, and 404 for /missing, in two pieces."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404 if self.path == "/missing" else 201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.flush()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def _echo() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_every_request_is_sent_once_and_every_answer_counted() -> None:
    requests = [request("POST", "/", body=b"x" * size) for size in range(1, 41)]
    with _echo() as port:
        run = send_all(port, requests, connections=4, expected=frozenset({201}))
    assert run.statuses == {201: 40}
    assert len(run.latencies) == 40
    assert sum(run.latencies) <= run.seconds * 4
    assert max(run.latencies) * 1000 >= run.median_ms > 0


def test_an_answer_that_was_not_meant_ends_the_measurement() -> None:
    requests = [request("POST", "/", body=b"x"), request("POST", "/missing", body=b"x")]
    with _echo() as port, pytest.raises(Unexpected):
        send_all(port, requests, connections=1, expected=frozenset({201}))


def test_a_client_reads_the_whole_answer() -> None:
    with _echo() as port:
        client = KeepAliveClient(port)
        seconds, answer = client.ask(request("GET", "/"))
        client.leave()
    assert answer.endswith(b"\r\n\r\nhello")
    assert seconds > 0


def test_the_sink_counts_what_it_has_taken() -> None:
    with _sink() as port, smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(3):
            server.sendmail("a@x.example", f"b{number}@x.example", b"Subject: x\r\n\r\n.\r\n..\r\nbody\r\n")
        assert server.verify("anybody") == (250, b"3")


def test_the_sink_answers_each_command_of_a_group_and_then_takes_the_content() -> None:
    with _sink() as port, smtplib.SMTP("127.0.0.1", port, timeout=5) as server:
        server.ehlo()
        assert server.has_extn("pipelining")
        for number in range(2):
            server.send("RSET\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n")
            assert [server.getreply()[0] for _ in range(4)] == [250, 250, 250, 354]
            server.send("RSET\r\nis content\r\n")
            server.send(".\r\n")
            assert server.getreply()[0] == 250
            assert server.verify("anybody") == (250, b"%d" % (number + 1))


@contextmanager
def _sink() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([sys.executable, str(SINK), str(port)]) as process:
        try:
            yield _listening(port)
        finally:
            process.terminate()


def _listening(port: int) -> int:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return port
    raise AssertionError("the sink does not listen")


def test_both_sides_take_turns_after_one_round_that_does_not_count() -> None:
    order: list[str] = []

    def side(name: str, value: float, number: int) -> Sample:
        order.append(f"{name}{number}")
        return Sample(value=value * (number + 1))

    sides = in_turn(2, lambda number: side("floor", 10, number), lambda number: side("ours", 5, number))
    assert order == ["floor0", "ours0", "floor1", "ours1", "floor2", "ours2"]
    row = Row(name="x", unit="1/s", bar=Bar(limit=0.5), **sides)
    assert row.ratios == [0.5, 0.5]
    assert row.ratio == 0.5
    assert row.holds is True
    assert Row(name="x", unit="1/s", bar=Bar(limit=0.6), **sides).holds is False
