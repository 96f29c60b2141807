"""What is said to a mail server before a mail is marked, DATA with it: nothing of that can be a delivery."""

import ssl
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from notification_service.clients.mail.compose import RenderedMessage
from notification_service.clients.mail.smtp_connection import SmtpConnection
from notification_service.config import SmtpServer
from shared_lib.errors import Rejected, RetryLater, Unavailable, Unreachable
from shared_lib.outbox import LeaseLost

from ..builders import a_mail
from ..smtp_server import Conversation, Deed, HungUp, ScriptedServer, late, mailer_for, reply


def nothing() -> None:
    pass


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def listening(heard: list[bytes]) -> Deed:
    """Waits for the content, and notes all that comes until they hang up."""

    def listen(conversation: Conversation) -> None:
        conversation.say(b"354 go on\r\n")
        octets = b""
        try:
            while more := conversation.connection.recv(65536):
                octets += more
        except ConnectionResetError:
            pass  # hung up before they had read all we said
        heard.append(octets)
        raise HungUp

    return listen


def test_each_command_has_a_time_of_its_own() -> None:
    slow = {"MAIL": late(b"250 ok", 0.25), "RCPT": late(b"250 ok", 0.25), "DATA": late(b"354 go on", 0.25)}
    with ScriptedServer(slow) as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 1


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
def test_a_line_break_in_an_address_begins_no_command(line_break: str) -> None:
    message = RenderedMessage(sender="a@x.no", recipient=f"b@x.no>{line_break}RCPT TO:<c@x.no", content=b"\r\n")
    with ScriptedServer() as server:
        settings = SmtpServer(host="127.0.0.1", port=server.port)
        connection = SmtpConnection(settings, local_name="here", tls=ssl.create_default_context())
        connection.connect()
        with pytest.raises(Unreachable):
            connection.start_transaction(message)
        connection.close()

    assert "RCPT" not in server.steps


def test_the_mark_is_set_once_the_server_waits_for_the_content() -> None:
    seen: list[list[str]] = []
    with ScriptedServer() as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=lambda: seen.append(list(server.steps)))

    assert seen == [["greeting", "EHLO", "MAIL", "RCPT", "DATA"]]


@pytest.mark.parametrize("error", [LeaseLost("row"), Unavailable("down"), LookupError(), SystemExit()])
def test_a_mail_that_cannot_be_marked_is_kept_back_by_hanging_up(error: BaseException) -> None:
    heard: list[bytes] = []
    with ScriptedServer() as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=nothing)
        server.script["DATA"] = listening(heard)
        with pytest.raises(type(error)):
            mailer.send(a_mail(), before_data=raising(error))
        del server.script["DATA"]
        mailer.send(a_mail(), before_data=nothing)

    assert heard == [b""]
    assert len(server.stored) == 2
    assert server.connections == 2


def test_a_lease_lost_before_the_dot_keeps_the_mail_back_by_hanging_up() -> None:
    heard: list[bytes] = []
    with (
        ScriptedServer({"DATA": listening(heard)}) as server,
        closing(mailer_for(server)) as mailer,
    ):
        with pytest.raises(LeaseLost):
            mailer.send(a_mail(), before_data=nothing, before_dot=raising(LeaseLost("row")))
        del server.script["DATA"]
        mailer.send(a_mail(), before_data=nothing)

    assert heard[0].startswith(b"From: ")
    assert heard[0].endswith(b"--\r\n")
    assert len(server.stored) == 1


@pytest.mark.parametrize(
    ("step", "answer", "meaning", "reason"),
    [
        ("MAIL", b"451 later", Unreachable, "smtp_sender_451"),
        ("RCPT", b"450 mailbox busy", RetryLater, "smtp_450"),
        ("RCPT", b"550 no such user", Rejected, "smtp_550"),
    ],
)
def test_a_message_whose_address_is_refused_is_not_marked_and_the_next_one_is_sent(
    step: str, answer: bytes, meaning: type[Exception], reason: str
) -> None:
    marked: list[bool] = []
    with ScriptedServer() as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=nothing)
        server.script = {step: reply(answer)}
        with pytest.raises(meaning) as caught:
            mailer.send(a_mail(), before_data=lambda: marked.append(True))
        server.script = {}
        mailer.send(a_mail(), before_data=nothing)

    assert caught.type is meaning
    assert str(caught.value) == reason
    assert marked == []
    assert len(server.stored) == 2


def test_no_command_follows_a_refusal() -> None:
    with ScriptedServer({"RCPT": reply(b"550 no such user")}) as server, pytest.raises(Rejected):
        mailer_for(server).send(a_mail(), before_data=nothing)

    assert server.steps == ["greeting", "EHLO", "MAIL", "RCPT"]


@pytest.mark.parametrize(("code", "meaning"), [(451, RetryLater), (552, Rejected), (503, Unreachable)])
def test_a_mail_whose_content_is_not_wanted_is_not_marked(code: int, meaning: type[Exception]) -> None:
    marked: list[bool] = []
    script = {"DATA": reply(b"%d no" % code)}
    with ScriptedServer(script) as server, pytest.raises(meaning) as caught:
        mailer_for(server).send(a_mail(), before_data=lambda: marked.append(True))

    assert caught.type is meaning
    assert str(caught.value) == f"smtp_{code}"
    assert marked == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [(b"421 closing\r\n", "^smtp_421$"), (b"250 what\r\n", "^smtp_250$"), (b"", "^smtp_(hung_up|connection)$")],
)
def test_a_server_that_speaks_or_hangs_up_while_it_should_wait_has_taken_nothing(words: bytes, reason: str) -> None:
    marking, over = threading.Event(), threading.Event()

    def think_better_of_it(conversation: Conversation) -> None:
        conversation.say(b"354 go on\r\n")
        marking.wait(5)
        conversation.connection.sendall(words)
        if not words:
            conversation.connection.close()
        over.set()

    def mark() -> None:
        marking.set()
        over.wait(5)

    with (
        ScriptedServer({"DATA": think_better_of_it}) as server,
        closing(mailer_for(server)) as mailer,
    ):
        with pytest.raises(Unreachable, match=reason):
            mailer.send(a_mail(), before_data=mark)
        assert server.stored == []
        server.script = {}
        mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 1
    assert server.connections == 2
