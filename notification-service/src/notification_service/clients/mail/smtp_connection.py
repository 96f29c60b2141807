"""One SMTP connection: smtplib over a socket with total deadlines, with replies of limited size.

A server takes nothing before the final dot (RFC 5321, section 4.1.1.4), and drops the content it has when the
connection ends before that (4.1.1.10). So everything up to DATA happens before a message is marked as in flight, and a
message is kept back by closing the connection: after the reply to DATA, any command would be content.
"""

import select
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socket import socket

from shared_lib.deadline import DeadlineSocket, TlsDeadlineSocket, total_timeout
from shared_lib.errors import OutcomeUnknown, Unreachable

from notification_service.config import SmtpServer, Tls

from .compose import RenderedMessage
from .reply_classification import MalformedReply, failure_means, refusal

MAX_REPLY_BYTES = 8192
MAX_USES = 100


class SmtpConnection:
    """Sends one message after the other. Not for several threads at once.

    `connect` once; then for each message `start_transaction` and `send_data`. After an error only `close` may follow.
    """

    def __init__(self, server: SmtpServer, *, local_name: str, tls: ssl.SSLContext) -> None:
        self._server = server
        self._tls = tls
        self._smtp = smtplib.SMTP(local_hostname=local_name)
        self._uses = 0
        self._used_at = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        return time.monotonic() - self._used_at

    @property
    def is_worn(self) -> bool:
        """Has it sent so many messages that a new connection is due?"""
        return self._uses >= MAX_USES

    def connect(self) -> None:
        """Connect, encrypt and log in as the settings say. Raises `Unreachable`."""
        try:
            with failure_means(Unreachable):
                self._open()
                if self._server.tls is Tls.STARTTLS:
                    self._start_tls()
                if self._server.user is not None:
                    with self._within(self._server.command_seconds):
                        self._smtp.login(self._server.user, self._server.password or "")
        except BaseException:
            self.close()
            raise

    def start_transaction(self, message: RenderedMessage) -> bool:
        """Announce sender, recipient and content; False when the server does not want this connection any more.

        Servers close idle connections at any time, so a first command that fails on a used one means that.
        Raises `Unreachable`, `RetryLater` or `Rejected` (see `ports`).
        """
        if self._uses and self._replies.has_input():
            return False
        try:
            code = self._command("MAIL", f"FROM:<{message.sender}>")
        except Unreachable:
            if self._uses:
                return False
            raise
        if self._uses and code == 421:
            return False
        if code != 250:
            raise Unreachable(f"smtp_sender_{code}")
        code = self._command("RCPT", f"TO:<{message.recipient}>")
        if code not in (250, 251):
            raise refusal(code)
        code = self._command("DATA")
        if code != 354:
            raise refusal(code)
        return True

    def send_data(
        self, message: RenderedMessage, *, before_data: Callable[[], None], before_dot: Callable[[], None]
    ) -> None:
        """After `start_transaction`: send the content, and return when the server has taken it.

        `before_data` is called before the first byte of it, `before_dot` before the final dot; an exception from either
        keeps the message back. Raises `Unreachable`, `RetryLater`, `Rejected` or `OutcomeUnknown` (see `ports`).
        """
        self._uses += 1
        before_data()
        with failure_means(Unreachable), self._within(self._server.command_seconds):
            self._smtp.send(_escape_dots(message.content))
            if self._replies.has_input():  # a server that hung up or spoke since the reply to DATA has taken nothing
                raise refusal(_code(self._smtp.getreply()))
        before_dot()
        code = self._finish()
        if code != 250:
            raise refusal(code)
        self._used_at = time.monotonic()

    def quit(self) -> None:
        """Send QUIT, and close a connection that is in good order. Never raises."""
        with suppress(OSError), self._within(self._server.command_seconds):
            self._smtp.putcmd("QUIT")
        self.close()

    def close(self) -> None:
        """Close without a command. Never raises."""
        with suppress(OSError):
            self._smtp.close()

    def _open(self) -> None:
        with total_timeout(self._server.connect_seconds):
            self._use(DeadlineSocket.connected_to(self._server.host, self._server.port))
            if self._server.tls is Tls.IMPLICIT:
                self._encrypt()
        with self._within(self._server.command_seconds):
            _expect(220, self._smtp.getreply())
        with self._within(self._server.command_seconds):
            _expect(250, self._smtp.ehlo())

    def _start_tls(self) -> None:
        """Never continues unencrypted; what the server said before is forgotten (RFC 3207, section 4.2)."""
        if not self._smtp.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("no STARTTLS")
        with self._within(self._server.command_seconds):
            _expect(220, self._smtp.docmd("STARTTLS"))
            if self._replies.has_input():
                raise MalformedReply("input before TLS")
            self._encrypt()
        with self._within(self._server.command_seconds):
            _expect(250, self._smtp.ehlo())

    def _encrypt(self) -> None:
        assert self._smtp.sock is not None  # noqa: S101 - for mypy: it was connected just now
        self._tls.sslsocket_class = TlsDeadlineSocket
        self._use(self._tls.wrap_socket(self._smtp.sock, server_hostname=self._server.host))

    def _use(self, connected: socket) -> None:
        self._replies = ReplyFile(connected)
        self._smtp.sock, self._smtp.file = connected, self._replies

    def _finish(self) -> int:
        """Send the final dot; the code of the reply. A failure to send means that the server never got it."""
        with self._within(self._server.final_seconds):
            with failure_means(Unreachable):
                self._smtp.send(b".\r\n")
            with failure_means(OutcomeUnknown):
                code = _code(self._smtp.getreply())
                if code != 250 and not 400 <= code <= 599:
                    raise MalformedReply("neither taken nor refused")
                return code

    def _command(self, command: str, argument: str = "") -> int:
        """The code of the reply. Raises `Unreachable`; also for a line break, before anything is sent."""
        with failure_means(Unreachable), self._within(self._server.command_seconds):
            return _code(self._smtp.docmd(command, argument))

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Limits the time of all that happens in the block, and the size of the replies in it."""
        self._replies.remaining = MAX_REPLY_BYTES
        with total_timeout(seconds):
            yield


class ReplyFile:
    """The `file` from which smtplib reads replies. Unlike a socket's own it is limited and can be asked for input."""

    def __init__(self, connected: socket) -> None:
        self.remaining = MAX_REPLY_BYTES
        self._connected = connected
        self._received = b""
        self._poll = select.poll()
        self._poll.register(connected, select.POLLIN)

    def readline(self, _limit: int) -> bytes:
        """The next line with its line feed; nothing when the connection ended, be it within a line."""
        while b"\n" not in self._received:
            if len(self._received) > self.remaining:
                raise MalformedReply("endless line")
            octets = self._connected.recv(4096)
            if not octets:
                return b""
            self._received += octets
        line, end, self._received = self._received.partition(b"\n")
        self.remaining -= len(line)
        if self.remaining < 0:
            raise MalformedReply("endless reply")
        return line + end

    def has_input(self) -> bool:
        """Has the server sent anything that was not read yet, or closed the connection?"""
        if self._received or (isinstance(self._connected, ssl.SSLSocket) and self._connected.pending()):
            return True
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """The socket belongs to smtplib, which closes it."""


def _code(reply: tuple[int, bytes]) -> int:
    """Raises MalformedReply where smtplib found no code."""
    if reply[0] == -1:
        raise MalformedReply("no reply code")
    return reply[0]


def _expect(code: int, reply: tuple[int, bytes]) -> None:
    if _code(reply) != code:
        raise smtplib.SMTPResponseException(*reply)


def _escape_dots(content: bytes) -> bytes:
    """No line of the result is the final dot (RFC 5321, section 4.5.2)."""
    doubled = content.replace(b"\n.", b"\n..")
    return b"." + doubled if content[:1] == b"." else doubled
