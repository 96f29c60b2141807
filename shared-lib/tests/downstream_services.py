"""Downstream services that answer as a script says, over a real socket."""

import contextlib
import socket
import threading
from collections.abc import Callable

Script = Callable[[socket.socket], None]


class DownstreamService:
    """Answers each connection by the next script; the last one serves the rest. `heard` is the first read of each."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.connections = 0
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                script = self.scripts[min(self.connections, len(self.scripts) - 1)]
                self.connections += 1
                threading.Thread(target=self._run, args=(script, connection), daemon=True).start()

    def _run(self, script: Script, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            self.heard.append(connection.recv(65536))
            script(connection)

    def close(self) -> None:
        self._listener.close()


def answer(status: int, body: bytes = b'{"a": 1}', *headers: str) -> Script:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
    message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(message)


def raw(message: bytes) -> Script:
    """These very bytes, and the end."""
    return lambda connection: connection.sendall(message)


def again_and_again(*messages: bytes) -> Script:
    """One of the messages per request, over the same connection; then the end without an answer."""

    def serve(connection: socket.socket) -> None:
        for message in messages:
            connection.sendall(message)
            connection.recv(65536)

    return serve
