"""The load: ready-made requests over kept connections, from one thread that does next to nothing per request.

It shares the machine with what it measures, so that every microsecond of its own falsifies the figure. No HTTP library:
that costs more than a bare view.
"""

import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 60.0
_LENGTH = b"content-length:"


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of a load: how long all of it took, how long each answer took (both in seconds), which statuses."""

    seconds: float
    latencies: list[float] = field(repr=False)
    statuses: Mapping[int, int]

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    @property
    def median_ms(self) -> float:
        """Half of all answers took no longer, in milliseconds."""
        return sorted(self.latencies)[len(self.latencies) // 2] * 1000


class Unexpected(Exception):
    """An answer that the measurement does not mean; its first line and the end of its body."""


def request(method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """The bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def send_all(port: int, requests: Iterable[bytes], *, connections: int, expected: frozenset[int]) -> Run:
    """Send each request once, as fast as the answers come over this many connections. Raises Unexpected."""
    waiting = deque(requests)
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    with selectors.DefaultSelector() as selector:
        open_ones = [_Conversation(port) for _ in range(min(connections, len(waiting)))]
        start = time.perf_counter()
        for conversation in open_ones:
            conversation.ask(waiting.popleft())
            selector.register(conversation.socket, selectors.EVENT_READ, conversation)
        busy = len(open_ones)
        while busy:
            for key, _ in selector.select(TIMEOUT_SECONDS) or _nobody_answers():
                conversation = key.data
                status = conversation.hear()
                if status is None:
                    continue
                latencies.append(time.perf_counter() - conversation.asked_at)
                statuses[status] += 1
                if status not in expected:
                    raise Unexpected(conversation.answer[:40] + conversation.answer[-400:])
                if waiting:
                    conversation.ask(waiting.popleft())
                else:
                    busy -= 1
                    selector.unregister(conversation.socket)
        seconds = time.perf_counter() - start
        for conversation in open_ones:
            conversation.socket.close()
    return Run(seconds=seconds, latencies=latencies, statuses=statuses)


class KeepAliveClient:
    """One connection for one request after the other, where the next depends on the answer to the last."""

    def __init__(self, port: int) -> None:
        self._conversation = _Conversation(port)

    def ask(self, octets: bytes) -> tuple[float, bytes]:
        """How many seconds the answer took, and the answer with its head. Raises Unexpected for any but 200."""
        self._conversation.ask(octets)
        while (status := self._conversation.hear()) is None:
            pass
        seconds = time.perf_counter() - self._conversation.asked_at
        if status != 200:
            raise Unexpected(self._conversation.answer[-400:])
        return seconds, self._conversation.answer

    def leave(self) -> None:
        self._conversation.socket.close()


class _Conversation:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at = 0.0
        self.answer = b""
        self._whole = 0

    def ask(self, octets: bytes) -> None:
        self.answer, self._whole = b"", 0
        self.asked_at = time.perf_counter()
        self.socket.sendall(octets)

    def hear(self) -> int | None:
        """Read what is there; the status once the answer is whole."""
        octets = self.socket.recv(262144)
        if not octets:
            raise Unexpected("the connection was closed")
        self.answer += octets
        if not self._whole:
            head = self.answer.find(b"\r\n\r\n")
            if head < 0:
                return None
            at = self.answer[:head].lower().find(_LENGTH)
            self._whole = head + 4 + int(self.answer[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        return int(self.answer[9:12]) if len(self.answer) >= self._whole else None


def _nobody_answers() -> list[tuple[selectors.SelectorKey, int]]:
    raise Unexpected(f"no answer for {TIMEOUT_SECONDS:.0f} s")
