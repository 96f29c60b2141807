"""Hands one built mail to a server, knowing at every moment whether it may have been taken.

A server takes nothing before the final dot (RFC 5321, section 4.1.1.4), and drops what it has when the connection ends
before that (4.1.1.10). So all that leads up to the content is said before the mail is marked, and a mail that is kept
back is kept back by hanging up: once DATA is answered, whatever else is said would be content.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from shared_lib.errors import Unreachable

from notification_service.config.smtp import SmtpServer

from .verdict import certainly_unsent, perhaps_sent, refusal
from .wire import Wire

_LONGEST_USE = 100


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A mail as it goes over the wire. `content` has CRLF line ends and ends with one."""

    sender: str
    recipient: str
    content: bytes


@dataclass(kw_only=True)
class Courier:
    """One connection, used for one mail after the other."""

    wire: Wire
    opened_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)
    uses: int = 0

    @classmethod
    def arrive(cls, server: SmtpServer, *, local_name: str, tls: ssl.SSLContext) -> "Courier":
        """Open a connection and log in. Raises `Unreachable`."""
        wire = Wire(server, local_name=local_name, tls=tls)
        try:
            with certainly_unsent:
                wire.open()
        except Unreachable:
            wire.close()
            raise
        return cls(wire=wire)

    @property
    def is_worn(self) -> bool:
        return self.uses >= _LONGEST_USE

    def address(self, parcel: Parcel) -> bool:
        """Say from whom and to whom, and have the server wait for the content; False when it has had enough of this
        connection.

        Servers close idle connections whenever they like, so one that was used before is tried out first.
        Raises `Unreachable`, `Rejected` (see `ports`). Only `deliver` or `hang_up` may follow.
        """
        commands = (f"MAIL FROM:<{parcel.sender}>", f"RCPT TO:<{parcel.recipient}>", "DATA")
        if not self.uses:
            with certainly_unsent:
                self._accepted(self.wire.docmds(*commands))
            return True
        replies = self.wire.docmds("RSET", *commands)
        try:
            with certainly_unsent:
                is_welcome = not self.wire.something_to_read() and next(replies)[0] == 250
        except Unreachable:
            return False
        if is_welcome:
            with certainly_unsent:
                self._accepted(replies)
        return is_welcome

    def deliver(
        self, parcel: Parcel, *, before_data: Callable[[], None], before_dot: Callable[[], None], final_seconds: float
    ) -> None:
        """After `address`. Returns when the server has taken the mail; raises `Unreachable`, `Rejected` or
        `OutcomeUnknown` (see `ports`), and what is raised before the content and before the dot. Hang up after those.
        """
        self.uses += 1
        content = _transparent(parcel.content)
        before_data()
        with certainly_unsent:
            self._write(content)
        before_dot()
        code = self._finish(final_seconds)
        if code != 250:
            raise refusal(code)
        self.used_at = time.monotonic()

    def take_leave(self) -> None:
        """Hang up a connection that is in good order."""
        with suppress(Unreachable), certainly_unsent:
            self.wire.send("QUIT\r\n")
        self.hang_up()

    def hang_up(self) -> None:
        self.wire.close()

    @staticmethod
    def _accepted(replies: Iterator[tuple[int, bytes]]) -> None:
        """Raises the first refusal. A server may answer 354 all the same (RFC 2920, section 3.1): nobody goes on."""
        code, _ = next(replies)
        if code != 250:
            raise Unreachable(f"smtp_sender_{code}")
        code, _ = next(replies)
        if code not in (250, 251):
            raise refusal(code)
        code, _ = next(replies)
        if code != 354:
            raise refusal(code)

    def _write(self, content: bytes) -> None:
        """Everything but the final dot. A server that hung up or spoke since it said 354 has taken nothing."""
        self.wire.send(content)
        if self.wire.something_to_read():
            raise refusal(self.wire.getreply()[0])

    def _finish(self, final_seconds: float) -> int:
        """Write the final dot; the code that the server answers. An error in writing means that it never got it."""
        with certainly_unsent:
            self.wire.transmit(b".\r\n", seconds=final_seconds)
        with perhaps_sent:
            return self._sensible(self.wire.getreply()[0])

    @staticmethod
    def _sensible(code: int) -> int:
        """An answer to the dot is 250, 4xx or 5xx; anything else tells nothing."""
        if code == 250 or 400 <= code <= 599:
            return code
        raise ValueError(code)


def _transparent(content: bytes) -> bytes:
    """No line of it is the final dot (RFC 5321, section 4.5.2)."""
    doubled = content.replace(b"\n.", b"\n..")
    return b"." + doubled if content[:1] == b"." else doubled
