"""gunicorn's threaded worker: an own thread for `/livez`, deadlines for slow clients, a grace period at the end."""

import os
import re
import selectors
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

from shared_lib import deadline
from shared_lib.observability.tracing import accepted_request_id
from shared_lib.web.problems import raw_problem

from . import ServerSettings, shutting_down

READ_TIMEOUT, REQUEST_TIMEOUT = 10.0, 15.0  # seconds for one read, and for reading a whole request
ANSWER_SECONDS = 3.2  # the deadline of the application, from the first byte on: waiting in the queue counts
PATH = re.compile(rb"\S+ (?:https?://[^/\s]*)?(/[^\s?]*)")
PROBE = re.compile(rb"GET /livez[ ?](?!.*\r\n(content-length|transfer-encoding):).*\r\n\r\n", re.DOTALL | re.IGNORECASE)
STATUSES = {errors.LimitRequestLine: 414, errors.LimitRequestHeaders: 431, errors.ExpectationFailed: 417}


class RequestSocket(socket.socket):
    """A client's connection. Reading raises TimeoutError after READ_TIMEOUT or REQUEST_TIMEOUT."""

    read_until, beginning = 0.0, b""

    def setblocking(self, flag: bool, /) -> None:
        """gunicorn calls this with True when it begins to read a request."""
        self.read_until = time.monotonic() + REQUEST_TIMEOUT
        self.settimeout(READ_TIMEOUT if flag else 0.0)

    def recv(self, *arguments: Any) -> bytes:
        if timeout := self.gettimeout():
            self.settimeout(min(timeout, max(self.read_until - time.monotonic(), 0.001)))
        received = super().recv(*arguments)
        self.beginning += received[: 4096 - len(self.beginning)]
        return received


class Connection(TConn):  # type: ignore[misc]
    def close(self, graceful: bool = False) -> None:
        """Close at once: `ServiceWorker.handle` has waited for the client, which the event loop must not do."""
        util.close(self.sock)


class ServiceWorker(ThreadWorker):  # type: ignore[misc]
    """After SIGTERM it is not ready, serves for SHUTDOWN_GRACE_SECONDS, finishes the requests it has and exits."""

    stop_at, liveness_pool = float("inf"), ThreadPoolExecutor(1)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM begins the grace period; a second one ends it."""
        grace = 0.0 if shutting_down.is_set() else ServerSettings.from_env(os.environ).grace_seconds
        shutting_down.set()
        self.stop_at = time.monotonic() + grace
        if grace <= 0:
            super().handle_exit(sig, frame)

    def notify(self) -> None:
        super().notify()  # the event loop calls this at least once a second
        self.alive: bool = self.alive and time.monotonic() < self.stop_at

    def set_accept_enabled(self, enabled: bool) -> None:
        """At the end, accept the waiting connections and stop listening: later ones are refused, not cut off."""
        super().set_accept_enabled(enabled)
        while not self.alive and self.sockets:
            if not self.accept(self.sockets[0]):
                self.sockets.pop(0).close()

    def accept(self, listener: socket.socket) -> bool:
        """Accept a connection. The event loop waits for its first bytes, so that no thread has to."""
        with suppress(OSError):  # the client is gone, or another worker was faster
            client, address = listener.accept()
            conn = Connection(self.cfg, RequestSocket(fileno=client.detach()), address, listener.getsockname())
            conn.timeout = time.monotonic() + READ_TIMEOUT
            self.nr_conns += 1
            self.pending_conns.append(conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))
            return True
        return False

    def enqueue_req(self, conn: Connection) -> None:
        """Hand the request to a thread of the pool; a complete `/livez` has its own, which a busy pool cannot delay."""
        conn.answer_by, conn.is_probe = time.monotonic() + ANSWER_SECONDS, False
        with suppress(OSError):
            conn.sock.setblocking(False)
            conn.is_probe = PROBE.fullmatch(conn.sock.recv(4096, socket.MSG_PEEK)) is not None
        conn.sock.beginning = conn.parser.unreader.buf.getvalue() if conn.parser else b""
        pool = self.liveness_pool if conn.is_probe else self.tpool
        pool.submit(self.handle, conn).add_done_callback(partial(self.method_queue.defer, self.finish_request, conn))

    def handle(self, conn: Connection) -> Any:
        """Answer a request; a client that still sends the body of a refused request can read the answer."""
        with deadline.at(conn.answer_by):
            keep = super().handle(conn)
        if keep is False and not conn.is_probe:
            util.close_graceful(conn.sock, timeout=5.0, max_drain=64 * 1024 * 1024)
        return keep

    def handle_error(self, req: Any, client: RequestSocket, addr: Any, exc: Exception) -> None:
        """Answer a request that cannot be read with a problem document."""
        status = STATUSES.get(type(exc), 400 if isinstance(exc, errors.ParseException) else 500)
        path, request_id = PATH.match(client.beginning), accepted_request_id(None)
        self.log.warning("unreadable request %s: %s", request_id, type(exc).__name__)
        with suppress(OSError):  # the client is gone
            util.write_nonblock(
                client, raw_problem(status, path[1].decode(errors="replace") if path else "", request_id)
            )
