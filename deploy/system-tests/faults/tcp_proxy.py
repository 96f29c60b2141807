"""Stands between two that talk over TCP and does to their connections what networks do."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from threading import Lock

from .background import Background

CHUNK = 65536
CONNECT_WITHIN = 5.0


class Way(Enum):
    """Which direction is meant, as seen by the one who connected."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(frozen=True)
class CutAfter:
    """Both sides are cut off once this many bytes of a connection have passed this way."""

    octets: int
    way: Way = Way.ANSWER


@dataclass(frozen=True)
class Delay:
    """Every chunk this way comes later."""

    seconds: float
    way: Way = Way.ANSWER


CUT_ANSWER = CutAfter(0, Way.ANSWER)
"""The request arrives, its answer never does."""


class TcpProxy:
    """Start with `with`; `upstream` may be named later. Forwards until another behaviour is set."""

    def __init__(self, upstream: int | None = None) -> None:
        self.upstream = upstream
        self.port = 0
        self.cuts = 0
        self._background = Background("tcp-proxy")
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._blackhole = False
        self._fault: CutAfter | Delay | None = None
        self._left: int | None = None
        self._lock = Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "TcpProxy":
        self._background.start()
        self.forward()
        return self

    def __exit__(self, *_: object) -> None:
        self._background.run(self._refuse())
        self._background.stop()

    def forward(self) -> None:
        """Be no obstacle (any more)."""
        with self._lock:
            self._blackhole, self._fault = False, None
        self._background.run(self._listen())

    def refuse(self) -> None:
        """Refuse new connections and cut the open ones."""
        self._background.run(self._refuse())

    def blackhole(self) -> None:
        """Connections are accepted, and nothing ever comes back; those there are end."""
        with self._lock:
            self._blackhole = True
        self._background.run(self._hang_up())

    def interfere(self, fault: CutAfter | Delay, *, times: int | None = None) -> None:
        """Do this to the next `times` answers or requests; None: to all."""
        with self._lock:
            self._fault, self._left = fault, times

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._hang_up()

    async def _hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError, TimeoutError, asyncio.CancelledError, _CutOff):
            if self._blackhole:
                while await reader.read(CHUNK):
                    pass
            else:
                await self._join(reader, writer)
        self._writers.discard(writer)
        writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connecting = asyncio.open_connection("127.0.0.1", self.upstream)
        far_reader, far_writer = await asyncio.wait_for(connecting, CONNECT_WITHIN)
        ways = [
            asyncio.ensure_future(self._pump(reader, far_writer, Way.REQUEST)),
            asyncio.ensure_future(self._pump(far_reader, writer, Way.ANSWER)),
        ]
        try:
            await asyncio.gather(*ways)
        finally:
            for way in ways:
                way.cancel()
            far_writer.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, way: Way) -> None:
        passed = 0
        while chunk := await source.read(CHUNK):
            match self._fault_on(way, passed + len(chunk)):
                case CutAfter(octets):
                    sink.write(chunk[: max(0, octets - passed)])
                    await sink.drain()
                    raise _CutOff
                case Delay(seconds):
                    await asyncio.sleep(seconds)
            sink.write(chunk)
            await sink.drain()
            passed += len(chunk)
        if way is Way.ANSWER:
            raise _CutOff  # the upstream has closed the connection: so do we
        if sink.can_write_eof():
            sink.write_eof()

    def _fault_on(self, way: Way, passed: int) -> CutAfter | Delay | None:
        with self._lock:
            fault = self._fault
            if fault is None or fault.way is not way or (isinstance(fault, CutAfter) and passed <= fault.octets):
                return None
            if self._left is not None:
                self._left -= 1
                if self._left <= 0:
                    self._fault = None
            if isinstance(fault, CutAfter):
                self.cuts += 1
            return fault


class _CutOff(Exception):
    """This connection ends here."""
