"""One service behind the gateway: a pool of kept connections, and the rule for when a request may be sent twice."""

import time
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPHeaderDict, Timeout
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError
from urllib3.util import SKIP_HEADER

ANSWER_WITHIN = 30.0
CONNECT_WITHIN = 1.0
AT_ONCE = 48  # of the gateway's 64 threads: a service that hangs must not take the other two with it
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Slow(Exception):
    """The service has taken longer than the gateway waits."""


class Cut(Exception):
    """No connection, or it was lost before the answer was complete."""


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def may_repeat(self) -> bool:
        """True for reads, and for requests with an Idempotency-Key."""
        return self.method in _SAFE or any(name.lower() == "idempotency-key" for name, _ in self.headers)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Upstream:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._kept = HTTPConnectionPool(self._host, self._port, maxsize=AT_ONCE)
        self._places = BoundedSemaphore(AT_ONCE)

    def ask(self, request: Request) -> Answer:
        """Raises Slow or Cut. Sends at most once whatever must not be repeated.

        A kept connection may be closed just as we write to it, and then it is unknown whether the request was read.
        Requests that may be repeated are repeated once; each of the others gets a new connection.
        """
        if not self._places.acquire(timeout=ANSWER_WITHIN):
            raise Slow
        try:
            if request.may_repeat:
                return self._ask_up_to_twice(request)
            with HTTPConnectionPool(self._host, self._port, maxsize=1) as own:
                return _exchange(own, request, ANSWER_WITHIN)
        finally:
            self._places.release()

    def _ask_up_to_twice(self, request: Request) -> Answer:
        start = time.monotonic()
        try:
            return _exchange(self._kept, request, ANSWER_WITHIN)
        except Cut as cut:
            if not isinstance(cut.__cause__, ProtocolError):
                raise  # refused: a second attempt would be refused as well
        with HTTPConnectionPool(self._host, self._port, maxsize=1) as own:
            return _exchange(own, request, max(ANSWER_WITHIN - (time.monotonic() - start), 0.1))


def _exchange(pool: HTTPConnectionPool, request: Request, within: float) -> Answer:
    headers = HTTPHeaderDict(request.headers)
    for name in ("Accept-Encoding", "User-Agent"):
        headers.setdefault(name, SKIP_HEADER)  # headers that the client did not send stay away
    try:
        response = pool.urlopen(
            request.method,
            request.target,
            body=request.body or None,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=CONNECT_WITHIN, read=within),
            decode_content=False,
        )
    except ReadTimeoutError as error:
        raise Slow from error
    except HTTPError as error:
        raise Cut(type(error).__name__) from error
    return Answer(response.status, list(response.headers.items()), response.data)
