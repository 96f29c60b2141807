"""smtplib's protocol over a socket with total deadlines and bounded replies."""

import select
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from notification_service.config.smtp import SmtpServer, Tls

LONGEST_REPLY = 16 * 1024
_AFTER_CODE = (b" ", b"-", b"\r", b"")


class Garbage(smtplib.SMTPException):
    """The other side does not speak SMTP, or will not stop speaking."""


class Wire(smtplib.SMTP):
    """One connection. Whatever is sent opens a new deadline, which the whole reply to it has to meet.

    smtplib's own time-out starts anew with every received packet, and its replies may have any number of lines.
    """

    sock: socket.socket | None

    def __init__(self, server: SmtpServer, *, local_name: str, tls: ssl.SSLContext) -> None:
        super().__init__(local_hostname=local_name, timeout=server.command_seconds)
        self._server = server
        self._tls = tls
        self._received = b""
        self._ear = select.poll()
        self._deadline = 0.0

    def open(self) -> None:
        """Connect, greet, encrypt and log in. Raises OSError or SMTPException."""
        self._limit(self._server.connect_seconds)
        self.sock = self._connected()
        self._ear.register(self.sock, select.POLLIN)  # by its number, which encryption does not change
        if self._server.tls is Tls.IMPLICIT:
            self._encrypt()
        self._limit(self._server.command_seconds)
        self._expect(self.getreply(), 220)
        self._expect(self.ehlo(), 250)
        if self._server.tls is Tls.STARTTLS:
            self._start_tls()
            self._expect(self.ehlo(), 250)
        if self._server.user is not None:
            self.login(self._server.user, self._server.password or "")

    def send(self, s: Any) -> None:
        """Send a command; its reply is due within the time of a command."""
        self.transmit(s.encode("ascii") if isinstance(s, str) else bytes(s), seconds=self._server.command_seconds)

    def transmit(self, octets: bytes, *, seconds: float) -> None:
        """Send it all, and allow this long for it together with the reply."""
        self._limit(seconds)
        connection = self._connection()
        connection.settimeout(seconds)
        sent = connection.send(octets)
        while sent < len(octets):
            connection.settimeout(self._remaining())
            sent += connection.send(memoryview(octets)[sent:])

    def docmds(self, *commands: str) -> Iterator[tuple[int, bytes]]:
        """Answer the replies to these commands in turn, each within the time of a command.

        They leave in one breath where the server takes them so (RFC 2920; DATA only as the last), else each when its
        reply is asked for. Whoever does not ask for all of them has to hang up.
        """
        group = "".join([f"{command}\r\n" for command in commands])
        if group.splitlines() != [*commands]:
            raise ValueError("a line break would begin a command of somebody else's")
        if "pipelining" not in self.esmtp_features:
            yield from (self.docmd(command) for command in commands)
            return
        self.send(group)
        for _ in commands:
            yield self.getreply()
            self._limit(self._server.command_seconds)

    def getreply(self) -> tuple[int, bytes]:
        """The next reply: its code and the text of its lines. Raises OSError or SMTPException."""
        text, size = b"", 0
        while True:
            line = self._line()
            if not line[:3].isdigit() or line[3:4] not in _AFTER_CODE:
                raise Garbage("no reply code")
            text += line[4:].strip()
            if line[3:4] != b"-":
                return int(line[:3]), text
            text += b"\n"
            size += len(line)
            if size > LONGEST_REPLY:
                raise Garbage("endless reply")

    def something_to_read(self) -> bool:
        """Has the server said something, or hung up, before it was asked?"""
        if self._received:
            return True
        connection = self._connection()
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return True
        return bool(self._ear.poll(0))

    def close(self) -> None:
        """Leave without a word; never raises."""
        connection, self.sock = self.sock, None
        if connection is not None:
            with suppress(OSError):
                connection.close()

    def _connected(self) -> socket.socket:
        """The first address that answers, all of them together within the deadline."""
        failure: OSError = ConnectionError("no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self._server.host, self._server.port, type=socket.SOCK_STREAM
        ):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self._remaining())
                connection.connect(address)
            except OSError as error:
                connection.close()
                failure = error
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
        raise failure

    def _start_tls(self) -> None:
        """Never goes on in the clear; what was said before the encryption is forgotten (RFC 3207)."""
        if not self.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("no STARTTLS")
        self._expect(self.docmd("STARTTLS"), 220)
        if self._received:
            raise Garbage("words slipped in before TLS")
        self._encrypt()
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def _encrypt(self) -> None:
        connection = self._connection()
        connection.settimeout(self._remaining())
        self.sock = self._tls.wrap_socket(connection, server_hostname=self._server.host)

    def _line(self) -> bytes:
        """Without its line feed."""
        while True:
            line, found, rest = self._received.partition(b"\n")
            if found:
                self._received = rest
                return line
            if len(line) > LONGEST_REPLY:
                raise Garbage("endless line")
            connection = self._connection()
            connection.settimeout(self._remaining())
            octets = connection.recv(4096)
            if not octets:
                raise smtplib.SMTPServerDisconnected("closed by the server")
            self._received += octets

    def _expect(self, reply: tuple[int, bytes], code: int) -> None:
        if reply[0] != code:
            raise smtplib.SMTPResponseException(reply[0], reply[1])

    def _limit(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def _remaining(self) -> float:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        return remaining

    def _connection(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self.sock
