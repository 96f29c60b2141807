"""gunicorn's threaded worker with two things added: a lane of its own for `/livez`, and patience with an end.

Under load or behind a locked table every ordinary thread may be waiting; whether the process is alive must still be
answered at once. And a client that drips its request must not keep a thread.
"""

import json
import os
import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors as parse_errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from shared_lib import deadline
from shared_lib.request_id import HEADER, accepted

from . import draining, handshakes
from .security_headers import SECURITY_HEADERS

LIVENESS = b"GET /livez"
READ_SECONDS = 10.0
REQUEST_SECONDS = 15.0
ANSWER_SECONDS = 3.2
"""Counted from the moment a request can be read, its time in the queue for a thread included."""

SILENCE_SECONDS = 1.0
FAREWELL_SECONDS = 5.0

STATUSES: dict[type[Exception], int] = {
    parse_errors.LimitRequestLine: 414,
    parse_errors.LimitRequestHeaders: 431,
    parse_errors.ExpectationFailed: 417,
}


class PatientSocket(socket.socket):
    """Waits 10 s for a byte and 15 s for a whole request; then raises TimeoutError."""

    _deadline = 0.0

    def setblocking(self, flag: bool, /) -> None:
        """gunicorn calls this with True when it begins to read a request."""
        self._deadline = time.monotonic() + REQUEST_SECONDS
        self.settimeout(READ_SECONDS if flag else 0.0)

    def recv(self, *arguments: Any, **options: Any) -> bytes:
        if self.gettimeout():
            remaining = self._deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("request deadline")
            self.settimeout(min(READ_SECONDS, remaining))
        return super().recv(*arguments, **options)

    def hear_out(self) -> None:
        """Before closing: to close over unread bytes resets the connection, and our answer is lost with it."""
        deadline = time.monotonic() + FAREWELL_SECONDS
        with suppress(OSError):  # gone, or silent for too long
            self.shutdown(socket.SHUT_WR)
            self.settimeout(SILENCE_SECONDS)
            while super().recv(65536) and time.monotonic() < deadline:
                pass


class Connection(TConn):  # type: ignore[misc]
    """Closes at once: what the client is still sending has been waited for in a thread, never in the poller."""

    def close(self, graceful: bool = False) -> None:
        util.close(self.sock)


class LanedThreadWorker(ThreadWorker):  # type: ignore[misc]
    """The worker class named in `gunicorn_conf`.

    On SIGTERM it says that it is not ready and goes on serving for DRAIN_SECONDS (5), so that whoever routes requests
    to it can stop; then it finishes what has begun and ends.
    """

    _leaves_at: float | None = None
    _closes_at: float | None = None

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM; a second one ends the serving at once."""
        if self._leaves_at is not None or self.drain_seconds <= 0:
            super().handle_exit(sig, frame)
            return
        draining.begin()
        self._leaves_at = time.monotonic() + self.drain_seconds

    def notify(self) -> None:
        """Called by gunicorn's loop every second or sooner."""
        super().notify()
        now = time.monotonic()
        if self._closes_at is None and self._leaves_at is not None and now >= self._leaves_at:
            for listener in self.sockets:
                handshakes.ignore_new(listener)
            self._closes_at = now + handshakes.SETTLING_SECONDS
        if self._closes_at is not None and now >= self._closes_at:
            self.alive = False

    @property
    def drain_seconds(self) -> float:
        return float(os.environ.get("DRAIN_SECONDS", "5"))

    def init_process(self) -> None:
        self.liveness = ThreadPoolExecutor(1, thread_name_prefix="liveness")
        super().init_process()

    def set_accept_enabled(self, enabled: bool) -> None:
        """At the end also stop listening: whoever has got through is served, whoever comes later is refused at once.

        gunicorn keeps its sockets open until the last request is done, and resets whoever connected meanwhile.
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                while self._took_one(listener):
                    pass
                listener.close()
            self.sockets: list[socket.socket] = []

    def _took_one(self, listener: socket.socket) -> bool:
        before = self.nr_conns
        self.accept(listener)
        return bool(self.nr_conns > before)

    def accept(self, listener: socket.socket) -> None:
        """Take a connection and let the poller wait for its first bytes, so that no thread has to."""
        try:
            taken, address = listener.accept()
        except OSError:
            return  # the client has gone again, or another worker was faster
        self.nr_conns += 1
        patient = PatientSocket(fileno=taken.detach())
        conn = Connection(self.cfg, patient, address, listener.getsockname())
        conn.timeout = time.monotonic() + READ_SECONDS
        self.pending_conns.append(conn)
        self.poller.register(patient, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def enqueue_req(self, conn: TConn) -> None:
        """Give the request to the lane it belongs to."""
        pool = self.liveness if self._asks_for_liveness(conn) else self.tpool
        pool.submit(self._handle_by, time.monotonic() + ANSWER_SECONDS, conn).add_done_callback(
            lambda future: self.method_queue.defer(self.finish_request, conn, future)
        )

    def _handle_by(self, moment: float, conn: TConn) -> Any:
        with deadline.at(moment):
            return self.handle(conn)

    def handle(self, conn: TConn) -> Any:
        """Answer a request. A client that is still sending a body we refused gets to see why."""
        keep = super().handle(conn)
        if keep is False:
            conn.sock.hear_out()
        return keep

    @staticmethod
    def _asks_for_liveness(conn: TConn) -> bool:
        try:
            conn.sock.setblocking(False)
            return bool(conn.sock.recv(len(LIVENESS), socket.MSG_PEEK) == LIVENESS)
        except OSError:
            return False

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """What cannot even be parsed is answered as a problem document (RFC 9457), too."""
        refused = isinstance(exc, parse_errors.ParseException)
        status = STATUSES.get(type(exc), 400 if refused else 500)
        request_id = accepted(None)
        self.log.warning("unreadable request %s: %s", request_id, type(exc).__name__)
        document = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": "The request could not be understood." if refused else "Something went wrong on our side.",
            "instance": "",
            "request_id": request_id,
        }
        body = json.dumps(document).encode()
        headers = {
            "Connection": "close",
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(body)),
            HEADER: request_id,
            **SECURITY_HEADERS,
        }
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {headers[name]}" for name in headers)]
        try:
            util.write_nonblock(client, "\r\n".join([*lines, "", ""]).encode() + body)
        except OSError:
            return  # nobody is listening any more
