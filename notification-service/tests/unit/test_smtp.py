"""The mail client against real sockets: what each kind of trouble means for the mail."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP

import pytest
from notification_service.clients.mail.compose import Sender
from notification_service.clients.mail.mailer import SmtpMailer
from notification_service.config import SmtpServer
from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater, Unreachable

from ..builders import a_mail, some_text
from ..smtp_server import (
    Conversation,
    Deed,
    HungUp,
    ScriptedServer,
    babble,
    cut,
    drip,
    flood,
    late,
    mailer_for,
    reply,
    stall,
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def mailer(server: ScriptedServer) -> Iterator[SmtpMailer]:
    mailer = mailer_for(server)
    yield mailer
    mailer.close()


def nothing() -> None:
    pass


def test_a_mail_arrives_as_it_was_written(server: ScriptedServer, mailer: SmtpMailer) -> None:
    mailer.send(a_mail(text=some_text(paragraphs=(".", "..begins with dots", "From here"))), before_data=nothing)

    [sent] = server.stored
    assert b"\r\n...begins with dots" in sent
    received = message_from_bytes(sent.replace(b"\r\n..", b"\r\n."), policy=SMTP)  # RFC 5321, section 4.5.2
    plain = received.get_body(("plain",))
    assert plain is not None
    assert {".", "..begins with dots", "From here"} <= set(plain.get_content().splitlines())
    assert b"Message-ID: <msg-00940." in sent


def test_a_mail_that_fits_no_buffer_arrives_whole(server: ScriptedServer, mailer: SmtpMailer) -> None:
    slow = replace(mailer, server=replace(mailer.server, command_seconds=20, final_seconds=20))

    with closing(slow):
        slow.send(a_mail(text=some_text(paragraphs=("x" * 70,) * 100_000)), before_data=nothing)

    [sent] = server.stored
    assert sent.count(b"x" * 70) == 200_000  # as text and as HTML


def test_a_connection_is_kept_for_the_next_mail(server: ScriptedServer, mailer: SmtpMailer) -> None:
    for _ in range(3):
        mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 3
    assert server.connections == 1
    assert server.steps.count("EHLO") == 1


@pytest.mark.parametrize("deed", [cut, stall, drip, babble, reply(b"421 closing"), reply(b"?")])
def test_a_kept_connection_that_has_died_is_replaced(server: ScriptedServer, mailer: SmtpMailer, deed: Deed) -> None:
    mailer.send(a_mail(), before_data=nothing)

    def fail_once(conversation: Conversation) -> None:
        del server.script["MAIL"]
        deed(conversation)

    server.script["MAIL"] = fail_once

    mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 2
    assert server.connections == 2


@pytest.mark.parametrize("words", [b"421 idle for too long\r\n", b""])
def test_a_kept_connection_that_the_server_has_ended_is_not_spoken_to(words: bytes) -> None:
    idle, over = threading.Event(), threading.Event()

    def take_then_tire(conversation: Conversation) -> None:
        conversation.say(b"250 taken\r\n")
        idle.wait(5)
        conversation.connection.sendall(words)
        if not words:
            conversation.connection.close()
        over.set()

    with ScriptedServer({"dot": take_then_tire}) as server, closing(mailer_for(server)) as mailer:
        mailer.send(a_mail(), before_data=nothing)
        server.script = {}
        idle.set()
        over.wait(5)
        mailer.send(a_mail(), before_data=nothing)

    assert len(server.stored) == 2
    assert server.connections == 2
    assert server.steps.count("MAIL") == 2


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("deed", [cut, stall, drip, babble, reply(b"hello?"), reply(b"999 ?")])
def test_trouble_before_the_content_means_certainly_not_sent(
    server: ScriptedServer, mailer: SmtpMailer, step: str, deed: Deed
) -> None:
    server.script[step] = deed
    started = time.monotonic()

    with pytest.raises(Unreachable):
        mailer.send(a_mail(), before_data=nothing)

    assert time.monotonic() - started < 3
    assert server.stored == []


@pytest.mark.parametrize("deed", [cut, reply(b"421 enough"), reply(b"451 later")])
def test_a_server_that_breaks_off_in_the_content_has_taken_nothing(
    server: ScriptedServer, mailer: SmtpMailer, deed: Deed
) -> None:
    server.script["body"] = lambda conversation: (deed(conversation), cut(conversation))[0]

    with pytest.raises((Unreachable, OutcomeUnknown)):  # the dot may already be on its way when the server hangs up
        mailer.send(a_mail(text=some_text(paragraphs=("x" * 70,) * 20_000)), before_data=nothing)

    assert server.stored == []


@pytest.mark.parametrize("deed", [cut, stall, drip, babble, reply(b"?"), reply(b"354 again"), late(b"250 taken", 1.5)])
def test_silence_or_nonsense_after_the_dot_leaves_the_outcome_unknown(
    server: ScriptedServer, mailer: SmtpMailer, deed: Deed
) -> None:
    server.script["dot"] = deed
    started = time.monotonic()

    with pytest.raises(OutcomeUnknown):
        mailer.send(a_mail(), before_data=nothing)

    assert time.monotonic() - started < 3
    assert len(server.stored) == 1


def test_a_reply_to_the_dot_that_is_cut_within_its_line_leaves_the_outcome_unknown(
    server: ScriptedServer, mailer: SmtpMailer
) -> None:
    def cut_within_the_line(conversation: Conversation) -> None:
        conversation.say(b"250 tak")
        raise HungUp

    server.script["dot"] = cut_within_the_line

    with pytest.raises(OutcomeUnknown, match="smtp_hung_up"):
        mailer.send(a_mail(), before_data=nothing)


def test_a_server_that_does_not_read_the_content_is_given_up_in_time(
    server: ScriptedServer, mailer: SmtpMailer
) -> None:
    def stop_reading(conversation: Conversation) -> None:
        conversation.say(b"354 go on\r\n")
        stall(conversation)

    server.script["DATA"] = stop_reading
    started = time.monotonic()

    with pytest.raises(Unreachable, match="smtp_timeout"):
        mailer.send(a_mail(text=some_text(paragraphs=("x" * 70,) * 100_000)), before_data=nothing)

    assert time.monotonic() - started < 3


def test_a_slow_answer_to_the_dot_within_its_time_is_an_answer(server: ScriptedServer, mailer: SmtpMailer) -> None:
    server.script["dot"] = late(b"250 taken", 0.45)  # longer than a command may take

    mailer.send(a_mail(), before_data=nothing)


@pytest.mark.parametrize(
    ("step", "answer", "meaning", "reason"),
    [
        ("greeting", b"554 no service", Unreachable, "smtp_554"),
        ("greeting", b"421 busy", Unreachable, "smtp_421"),
        ("EHLO", b"421 busy", Unreachable, "smtp_421"),
        ("MAIL", b"451 later", Unreachable, "smtp_sender_451"),
        ("MAIL", b"550 who are you", Unreachable, "smtp_sender_550"),
        ("RCPT", b"450 mailbox busy", RetryLater, "smtp_450"),
        ("RCPT", b"421 closing", Unreachable, "smtp_421"),
        ("RCPT", b"530 log in first", Unreachable, "smtp_530"),
        ("RCPT", b"550 no such user", Rejected, "smtp_550"),
        ("RCPT", b"550-no such\r\n550 user", Rejected, "smtp_550"),
        ("DATA", b"451 later", RetryLater, "smtp_451"),
        ("DATA", b"554 no", Rejected, "smtp_554"),
        ("dot", b"451 later", RetryLater, "smtp_451"),
        ("dot", b"421 closing", Unreachable, "smtp_421"),
        ("dot", b"552 too big", Rejected, "smtp_552"),
    ],
)
def test_a_refusal_says_whether_trying_again_helps(
    step: str, answer: bytes, meaning: type[Exception], reason: str
) -> None:
    with ScriptedServer({step: reply(answer)}) as server, pytest.raises(meaning) as caught:
        mailer_for(server).send(a_mail(), before_data=nothing)

    assert caught.type is meaning
    assert str(caught.value) == reason


@pytest.mark.parametrize("deed", [babble, flood])
def test_an_endless_reply_is_not_read_to_its_end(server: ScriptedServer, deed: Deed) -> None:
    server.script["EHLO"] = deed
    slow = SmtpServer(host="127.0.0.1", port=server.port)
    started = time.monotonic()

    with pytest.raises(Unreachable, match="smtp_malformed_reply"):
        SmtpMailer(server=slow, sender=Sender(address="a@b.no")).send(a_mail(), before_data=nothing)

    assert time.monotonic() - started < 5


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with ScriptedServer() as server:
        mailer = mailer_for(server)

    with pytest.raises(Unreachable, match="connect_refused"):
        mailer.send(a_mail(), before_data=nothing)
