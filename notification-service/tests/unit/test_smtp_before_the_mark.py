"""What is said to a mail server before a mail is marked, DATA with it: nothing of that can be a delivery."""

import ssl
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from notification_service.clients.mail.wire import Wire
from notification_service.config.smtp import SmtpServer
from shared_lib.errors import Rejected, RetryLater, Unavailable, Unreachable
from shared_lib.outbox import LeaseLost

from ..builders import a_mail
from ..smtp_server import Conversation, Deed, HungUp, ScriptedServer, cut, late, mailer_for, reply, stall

EITHER = pytest.mark.parametrize("extension", [b"8BITMIME", b"PIPELINING"])


def nothing() -> None:
    pass


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def listening(heard: list[bytes], *, before: bytes = b"") -> Deed:
    """Waits for the content, and notes all that comes until they hang up."""

    def listen(conversation: Conversation) -> None:
        conversation.say(before + b"354 go on\r\n")
        octets = b""
        try:
            while more := conversation.connection.recv(65536):
                octets += more
        except ConnectionResetError:
            pass  # hung up before they had read all we said
        heard.append(octets)
        raise HungUp

    return listen


def together(*others: str) -> Deed:
    """Takes what follows a command, DATA at last, before it answers any of them."""

    def take(conversation: Conversation) -> None:
        assert [conversation.line().split()[0].decode() for _ in others] == list(others)
        conversation.say(b"250 ok\r\n" * len(others) + b"354 go on\r\n")

    return take


def test_commands_leave_together_where_the_server_takes_them_so() -> None:
    with ScriptedServer(extension=b"PIPELINING") as server, closing(mailer_for(server)) as mailer:
        server.script["MAIL"] = together("RCPT", "DATA")
        mailer.send(a_mail(), before_data=nothing)
        server.script["RSET"] = together("MAIL", "RCPT", "DATA")
        for _ in range(2):
            mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 3
    assert server.connections == 1


@EITHER
def test_each_command_has_its_time_whether_or_not_it_leaves_with_others(extension: bytes) -> None:
    slow = {"MAIL": late(b"250 ok", 0.25), "RCPT": late(b"250 ok", 0.25), "DATA": late(b"354 go on", 0.25)}
    with ScriptedServer(slow, extension=extension) as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 1


@pytest.mark.parametrize("extension", ["8BITMIME", "PIPELINING"])
def test_no_command_is_let_in_by_a_line_break(extension: str) -> None:
    wire = Wire(SmtpServer(host="127.0.0.1", port=1), local_name="here", tls=ssl.create_default_context())
    wire.esmtp_features[extension.lower()] = ""
    wire.does_esmtp = True
    for line_break in ("\r\n", "\n", "\r"):
        with pytest.raises(ValueError, match="line break"):
            next(wire.docmds(f"MAIL FROM:<a@x.no>{line_break}RCPT TO:<b@x.no>"))


@EITHER
def test_the_mark_is_set_once_the_server_waits_for_the_content(extension: bytes) -> None:
    seen: list[list[str]] = []
    with ScriptedServer(extension=extension) as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=lambda: seen.append(list(server.steps)))

    assert seen == [["greeting", "EHLO", "MAIL", "RCPT", "DATA"]]


@EITHER
@pytest.mark.parametrize("error", [LeaseLost("row"), Unavailable("down"), LookupError(), SystemExit()])
def test_a_mail_that_cannot_be_marked_is_kept_back_by_hanging_up(extension: bytes, error: BaseException) -> None:
    heard: list[bytes] = []
    with ScriptedServer(extension=extension) as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=nothing)
        server.script["DATA"] = listening(heard)
        with pytest.raises(type(error)):
            mailer.send(a_mail(), before_data=raising(error))
        del server.script["DATA"]
        mailer.send(a_mail(), before_data=nothing)

    assert heard == [b""]
    assert len(server.stored) == 2
    assert server.connections == 2


@EITHER
def test_a_lease_lost_before_the_dot_keeps_the_mail_back_by_hanging_up(extension: bytes) -> None:
    heard: list[bytes] = []
    with (
        ScriptedServer({"DATA": listening(heard)}, extension=extension) as server,
        closing(mailer_for(server)) as mailer,
    ):
        with pytest.raises(LeaseLost):
            mailer.send(a_mail(), before_data=nothing, before_dot=raising(LeaseLost("row")))
        del server.script["DATA"]
        mailer.send(a_mail(), before_data=nothing)

    assert heard[0].startswith(b"From: ")
    assert heard[0].endswith(b"--\r\n")
    assert len(server.stored) == 1


@pytest.mark.parametrize("rest", [reply(b"503 no recipient"), reply(b"554 no recipient"), cut, stall])
@pytest.mark.parametrize(
    ("step", "answer", "meaning", "reason"),
    [
        ("MAIL", b"451 later", Unreachable, "smtp_sender_451"),
        ("RCPT", b"450 mailbox busy", RetryLater, "smtp_450"),
        ("RCPT", b"550 no such user", Rejected, "smtp_550"),
    ],
)
def test_a_refused_address_is_what_counts_whatever_becomes_of_the_commands_after_it(
    step: str, answer: bytes, meaning: type[Exception], reason: str, rest: Deed
) -> None:
    marked: list[bool] = []
    with ScriptedServer(extension=b"PIPELINING") as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=nothing)
        server.script = {"RCPT": reply(b"503 no sender"), step: reply(answer), "DATA": rest}
        with pytest.raises(meaning) as caught:
            mailer.send(a_mail(), before_data=lambda: marked.append(True))
        server.script = {}
        mailer.send(a_mail(), before_data=nothing)

    assert caught.type is meaning
    assert str(caught.value) == reason
    assert marked == []
    assert len(server.stored) == 2


@pytest.mark.parametrize("replies", [b"550 no\r\n250 ok\r\n", b"250 ok\r\n550 no\r\n"])
def test_a_server_that_waits_for_content_without_an_address_gets_none(replies: bytes) -> None:
    heard: list[bytes] = []

    def refuse_and_wait(conversation: Conversation) -> None:
        assert [conversation.line()[:4] for _ in range(2)] == [b"RCPT", b"DATA"]
        listening(heard, before=replies)(conversation)

    with (
        ScriptedServer({"MAIL": refuse_and_wait}, extension=b"PIPELINING") as server,
        closing(mailer_for(server)) as mailer,
    ):
        with pytest.raises((Unreachable, Rejected), match=r"^smtp_(sender_)?550$"):
            mailer.send(a_mail(), before_data=nothing)
        server.script = {}
        mailer.send(a_mail(), before_data=nothing)

    assert heard == [b""]
    assert len(server.stored) == 1
    assert server.connections == 2


def test_a_server_that_takes_one_command_at_a_time_is_told_nothing_after_a_refusal() -> None:
    with ScriptedServer({"RCPT": reply(b"550 no such user")}) as server, pytest.raises(Rejected):
        mailer_for(server).send(a_mail(), before_data=nothing)

    assert server.steps == ["greeting", "EHLO", "MAIL", "RCPT"]


@EITHER
@pytest.mark.parametrize(("code", "meaning"), [(451, RetryLater), (552, Rejected), (503, Unreachable)])
def test_a_mail_whose_content_is_not_wanted_is_not_marked(
    extension: bytes, code: int, meaning: type[Exception]
) -> None:
    marked: list[bool] = []
    script = {"DATA": reply(b"%d no" % code)}
    with ScriptedServer(script, extension=extension) as server, pytest.raises(meaning) as caught:
        mailer_for(server).send(a_mail(), before_data=lambda: marked.append(True))

    assert caught.type is meaning
    assert str(caught.value) == f"smtp_{code}"
    assert marked == []


@EITHER
@pytest.mark.parametrize(
    ("words", "reason"),
    [(b"421 closing\r\n", "^smtp_421$"), (b"250 what\r\n", "^smtp_250$"), (b"", "^smtp_(hung_up|connection)$")],
)
def test_a_server_that_speaks_or_hangs_up_while_it_should_wait_has_taken_nothing(
    extension: bytes, words: bytes, reason: str
) -> None:
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
        ScriptedServer({"DATA": think_better_of_it}, extension=extension) as server,
        closing(mailer_for(server)) as mailer,
    ):
        with pytest.raises(Unreachable, match=reason):
            mailer.send(a_mail(), before_data=mark)
        assert server.stored == []
        server.script = {}
        mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 1
    assert server.connections == 2
