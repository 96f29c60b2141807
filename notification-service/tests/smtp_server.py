"""A mail server that does at each step what a test says: refuse, stall, hang up, drip, babble."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from notification_service.clients.mail.compose import Sender
from notification_service.clients.mail.mailer import SmtpMailer
from notification_service.config import SmtpServer

Deed = Callable[["Conversation"], None]
"""What is done instead of the ordinary reply. Raises `HungUp` to end the conversation."""


class HungUp(Exception):
    pass


@dataclass
class Conversation:
    connection: socket.socket
    closing: threading.Event
    said: bytes = b""
    _rest: bytes = b""

    def say(self, octets: bytes) -> None:
        """Remembers the last of it."""
        self.said = octets
        self.connection.sendall(octets)

    def line(self) -> bytes:
        while b"\r\n" not in self._rest:
            octets = self.connection.recv(65536)
            if not octets:
                raise HungUp
            self._rest += octets
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line


def reply(octets: bytes) -> Deed:
    return lambda conversation: conversation.say(octets + b"\r\n")


def stall(conversation: Conversation) -> None:
    conversation.closing.wait()
    raise HungUp


def cut(conversation: Conversation) -> None:
    raise HungUp


def drip(conversation: Conversation) -> None:
    """A byte now and then, so that no single read ever times out."""
    while not conversation.closing.wait(0.02):
        conversation.say(b"2")
    raise HungUp


def babble(conversation: Conversation) -> None:
    """Lines without end."""
    while not conversation.closing.is_set():
        conversation.say(b"250-and another thing\r\n" * 100)
    raise HungUp


def flood(conversation: Conversation) -> None:
    """One line without end."""
    while not conversation.closing.is_set():
        conversation.say(b"2" * 65536)
    raise HungUp


def late(octets: bytes, seconds: float) -> Deed:
    def wait_then_say(conversation: Conversation) -> None:
        conversation.closing.wait(seconds)
        conversation.say(octets + b"\r\n")

    return wait_then_say


@dataclass
class ScriptedServer:
    """`script` names steps: greeting EHLO MAIL RCPT DATA body dot STARTTLS. The rest behaves."""

    script: dict[str, Deed] = field(default_factory=dict)
    stored: list[bytes] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> "ScriptedServer":
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what is said has been said
        with connection, suppress(HungUp, OSError):
            conversation = Conversation(connection, self._closing)
            self._do("greeting", conversation, b"220 ready")
            while True:
                self._answer(conversation, conversation.line().decode("latin-1"))

    def _answer(self, conversation: Conversation, line: str) -> None:
        command = line.split(" ", maxsplit=1)[0].upper()
        ordinary = {"EHLO": b"250-here\r\n250 8BITMIME", "DATA": b"354 go on", "QUIT": b"221 bye"}
        self._do(command, conversation, ordinary.get(command, b"250 ok"))
        if conversation.said.splitlines()[-1].startswith(b"354"):
            self._take_content(conversation)

    def _take_content(self, conversation: Conversation) -> None:
        lines: list[bytes] = []
        while (line := conversation.line()) != b".":
            lines.append(line)
            if len(lines) == 5 and "body" in self.script:
                self._do("body", conversation, b"")
        self.stored.append(b"\r\n".join(lines))
        self._do("dot", conversation, b"250 taken")

    def _do(self, step: str, conversation: Conversation, ordinary: bytes) -> None:
        self.steps.append(step)
        self.script.get(step, reply(ordinary))(conversation)


def mailer_for(server: ScriptedServer) -> SmtpMailer:
    """One that does not wait for long."""
    return SmtpMailer(
        server=SmtpServer(
            host="127.0.0.1", port=server.port, connect_seconds=0.5, command_seconds=0.4, final_seconds=0.6
        ),
        sender=Sender(address="likeperson@portal.example"),
    )
