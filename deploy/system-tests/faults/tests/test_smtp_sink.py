"""The mail server of the fault drills follows its script and records what it did."""

import smtplib
import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from faults.smtp_script import Cut, Garbage, PlainAfterTls, Refusal, Silence, Stall, Step, StoreThenCut
from faults.smtp_sink import SmtpSink
from server_certificates import context_of, self_signed

ANNA, BERIT = "anna@faults.example", "berit@faults.example"
TIMEOUT = 0.3


@pytest.fixture
def sink():
    with SmtpSink() as sink:
        yield sink


def send(sink, *, to=ANNA, message_id="<msg-1@faults.example>"):
    mail = EmailMessage()
    mail["Message-ID"], mail["To"], mail["Subject"] = message_id, to, "Hello"
    mail.set_content("Hello\n.\nyou")
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=TIMEOUT) as client:
        client.send_message(mail, from_addr="no-reply@faults.example", to_addrs=[to])


def stored(sink):
    return {message_id: len(copies) for message_id, copies in sink.record.copies().items()}


def test_it_keeps_a_mail_and_who_it_was_for(sink):
    send(sink)
    (copy,) = sink.record.copies_to(ANNA)
    assert (copy.message_id, copy.dot_seen, copy.answered) == ("msg-1@faults.example", True, 250)


@pytest.mark.parametrize("step", [Step.CONNECT, Step.EHLO, Step.MAIL, Step.RCPT, Step.DATA, Step.DOT])
@pytest.mark.parametrize("fault", [Refusal(451), Refusal(554), Cut(), Silence()])
def test_it_takes_nothing_where_it_fails_and_the_next_mail_is_taken(sink, step, fault):
    sink.script.expect(step, fault)
    if step is Step.EHLO and isinstance(fault, Refusal):
        send(sink)  # smtplib then says HELO, on the same connection
        return
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(sink)
    assert stored(sink) == {}
    assert sink.script.outstanding() == 0

    send(sink)
    assert stored(sink) == {"msg-1@faults.example": 1}


def test_a_cut_in_the_middle_of_the_mail_is_no_copy(sink):
    sink.script.expect(Step.BODY, Cut())
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(sink)
    assert stored(sink) == {}
    assert [transfer.dot_seen for transfer in sink.record.transfers] == [False]


@pytest.mark.parametrize("fault", [StoreThenCut(), Garbage(), Stall(TIMEOUT * 5)])
def test_it_stores_and_cuts_before_the_reply(sink, fault):
    sink.script.expect(Step.DOT, fault)
    with pytest.raises((smtplib.SMTPException, OSError, ValueError)):
        send(sink)
    send(sink)
    assert stored(sink) == {"msg-1@faults.example": 2}


def test_it_fails_for_one_recipient_only(sink):
    sink.script.expect(Step.RCPT, Refusal(550), recipient=ANNA, times=None)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(sink)
    send(sink, to=BERIT)
    assert len(sink.record.copies_to(BERIT)) == 1


def test_a_late_answer_is_still_an_answer(sink):
    sink.script.expect(Step.DOT, Stall(TIMEOUT / 3))
    send(sink)
    assert stored(sink) == {"msg-1@faults.example": 1}


def test_it_can_be_away_and_come_back(sink):
    port = sink.port
    sink.close()
    with pytest.raises(ConnectionRefusedError):
        send(sink)
    sink.open()
    assert sink.port == port
    send(sink)


def secured(sink, trusting):
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=TIMEOUT) as client:
        code, _ = client.starttls(context=trusting)
        if code != 220:
            raise smtplib.SMTPResponseException(code, b"")


def test_starttls_can_be_good_and_bad(tmp_path):
    now = datetime.now(UTC)
    certificate = self_signed(tmp_path, not_after=now + timedelta(days=1))
    trusting = ssl.create_default_context(cafile=str(certificate.public))
    with SmtpSink(tls=context_of(certificate)) as sink:
        for fault in (Refusal(454), Garbage(), Cut(), PlainAfterTls()):
            sink.script.expect(Step.STARTTLS, fault)
            with pytest.raises((smtplib.SMTPException, OSError, ValueError)):
                secured(sink, trusting)
        with smtplib.SMTP("127.0.0.1", sink.port, timeout=5) as client:
            client.starttls(context=trusting)
            client.sendmail("no-reply@faults.example", [ANNA], "Message-ID: <msg-2@x>\r\n\r\nHello")
    assert stored(sink) == {"msg-2@x": 1}
