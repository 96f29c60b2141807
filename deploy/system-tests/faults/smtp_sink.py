"""A mail server on this machine that keeps every mail and fails as its script says."""

import asyncio
import ssl
import time
from contextlib import suppress
from email import message_from_bytes

from .background import Background
from .smtp_record import Record, Transfer
from .smtp_script import Cut, Fault, Garbage, PlainAfterTls, Refusal, Script, Silence, Stall, Step, StoreThenCut

MAX_LINE = 1024 * 1024


class HungUp(Exception):
    """The conversation is over, by our own doing or the client's."""


class SmtpSink:
    """Start with `with`. `script` says what goes wrong from now on, `record` what came of it."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.script = Script()
        self.record = Record()
        self._tls = tls
        self._background = Background("smtp-sink")
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}" + ("?tls=starttls" if self._tls else "")

    def __enter__(self) -> "SmtpSink":
        self._background.start()
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._background.stop()

    def open(self) -> None:
        """Listen, on the same port as ever."""
        self._background.run(self._open())

    def close(self) -> None:
        """Refuse connections from now on, and end those there are."""
        self._background.run(self._close())

    def hang_up(self) -> None:
        """End all connections; new ones are welcome."""
        self._background.run(self._hang_up())

    async def _open(self) -> None:
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=MAX_LINE)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._hang_up()

    async def _hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        conversation = _Conversation(reader, writer, script=self.script, record=self.record, tls=self._tls)
        with suppress(HungUp, OSError, asyncio.CancelledError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await conversation.run()
        conversation.ended()
        self._writers.discard(writer)
        writer.transport.abort()


class _Conversation:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        script: Script,
        record: Record,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._script, self._record, self._tls = script, record, tls
        self._number = record.connected()
        self._recipients: list[str] = []
        self._taken: list[Transfer] = []
        self._secured = False

    def ended(self) -> None:
        for transfer in self._taken:
            transfer.left_at = time.monotonic()

    async def run(self) -> None:
        with suppress(_Refused):
            await self._answer(Step.CONNECT, "220 sink ESMTP")
        while True:
            line = (await self._reader.readuntil(b"\r\n")).decode("latin-1").strip()
            verb = line.split(" ", 1)[0].upper()
            with suppress(_Refused):
                await self._obey(verb, line)

    async def _obey(self, verb: str, line: str) -> None:
        if verb in ("EHLO", "HELO"):
            offers = "" if self._tls is None or self._secured else "250-STARTTLS\r\n"
            await self._answer(Step.EHLO, f"250-sink\r\n{offers}250 8BITMIME")
        elif verb == "STARTTLS" and self._tls is not None:
            await self._secure()
        elif verb == "MAIL":
            self._recipients = []
            await self._answer(Step.MAIL, "250 ok")
        elif verb == "RCPT":
            recipient = line.partition("<")[2].partition(">")[0].lower()
            await self._answer(Step.RCPT, "250 ok", recipient)
            self._recipients.append(recipient)
        elif verb == "DATA":
            await self._take()
        elif verb == "QUIT":
            await self._say("221 bye")
            raise HungUp
        else:
            await self._say("250 ok" if verb in ("RSET", "NOOP") else "502 not implemented")

    async def _secure(self) -> None:
        await self._answer(Step.STARTTLS, "220 go on")
        await self._writer.start_tls(self._tls)  # type: ignore[arg-type]  # asked for only when there is one
        self._secured = True

    async def _take(self) -> None:
        recipient = self._recipients[-1] if self._recipients else None
        await self._answer(Step.DATA, "354 go on", recipient)
        transfer = self._record.begin(self._number, recipient or "")
        if (fault := self._script.fault_at(Step.BODY, recipient)) is not None:
            await self._reader.readuntil(b"\r\n")
            await self._misbehave(fault, "")
            raise HungUp
        content = await self._reader.readuntil(b"\r\n.\r\n")
        transfer.dot_seen = True
        transfer.message_id = str(message_from_bytes(content).get("Message-ID", "")).strip("<>")
        self._taken.append(transfer)
        fault = self._script.fault_at(Step.DOT, recipient)
        transfer.stored = not isinstance(fault, Refusal | Cut | Silence)
        transfer.ended_at = time.monotonic()
        if fault is None:
            await self._say("250 stored")
        else:
            await self._misbehave(fault, "250 stored")
        if not isinstance(fault, Garbage):
            transfer.answered = fault.code if isinstance(fault, Refusal) else 250

    async def _answer(self, step: Step, ordinary: str, recipient: str | None = None) -> None:
        fault = self._script.fault_at(step, recipient)
        if fault is None:
            await self._say(ordinary)
            return
        await self._misbehave(fault, ordinary)
        if not isinstance(fault, Stall):
            raise _Refused

    async def _misbehave(self, fault: Fault, ordinary: str) -> None:
        match fault:
            case Silence():
                await self._until_they_leave()
            case Stall(seconds):
                await asyncio.sleep(seconds)
                await self._say(ordinary)
            case Refusal(code):
                await self._say(f"{code} no")
            case Cut() | StoreThenCut():
                raise HungUp
            case Garbage(octets):
                self._writer.write(octets)
                await self._writer.drain()
            case PlainAfterTls():
                await self._say("220 go on\r\n250-smuggled\r\n250 8BITMIME")
                await self._until_they_leave()

    async def _until_they_leave(self) -> None:
        while await self._reader.read(65536):
            pass
        raise HungUp

    async def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode("ascii"))
        await self._writer.drain()


class _Refused(Exception):
    """This command was answered badly; the next one is awaited."""
