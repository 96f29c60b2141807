"""What a mail says, and what it must never say."""

import re
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from notification_service.clients.mail.compose import Sender, reads_as_meant, render
from notification_service.domain.ports import Mail
from shared_lib.errors import Rejected

from ..builders import a_mail, some_text

SENDER = Sender(address="likeperson@portal.example", name="Likepersontjenesten")
HEADERS = [
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "Content-Type", "MIME-Version",
]  # fmt: skip


def content_of(mail: Mail) -> bytes:
    return render(mail, SENDER).content


def read(octets: bytes) -> EmailMessage:
    message = message_from_bytes(octets, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_has_exactly_the_headers_we_mean() -> None:
    message = read(content_of(a_mail()))

    assert sorted(message.keys()) == sorted(HEADERS)
    assert message["To"] == "kari.nordmann@lhl.example"
    assert message["Subject"] == "Pausen din er registrert på nytt"
    assert message["Message-ID"] == "<msg-00940.0195d1c2-0000-7000-8000-000000000001@portal.example>"
    assert message["Date"] == "Thu, 26 Mar 2026 08:30:00 +0000"
    assert message["Reply-To"] == "post@lhl.example"
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-generated", "All")


def test_without_an_address_for_answers_there_is_no_header_for_it() -> None:
    assert sorted(read(content_of(a_mail(reply_to=None))).keys()) == sorted(set(HEADERS) - {"Reply-To"})


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("LHL", "LHL"),
        ("Blå Kors", "Blå Kors"),
        ("Norges Handikapforbund, Oslo & Akershus", "Norges Handikapforbund, Oslo & Akershus"),
        ('Mental "Helse" <post@evil.example>', 'Mental "Helse" <post@evil.example>'),
        ("=?utf-8?q?a=0D=0ABcc:_x@y.no?=", "=?utf-8?q?a=0D=0ABcc:_x@y.no?="),
        ("Kreftforeningen " + "æøå " * 15, "Kreftforeningen " + "æøå " * 15),
        ("एकता 👩\u200d🦽", "एकता 👩\u200d🦽"),
        ("", SENDER.name),
    ],
)
def test_the_organisation_is_the_sender_by_name(name: str, shown: str) -> None:
    octets = content_of(a_mail(sender_name=name.strip()))

    assert max(len(line) for line in octets.split(b"\r\n")) <= 78
    [sender] = read(octets)["From"].addresses
    assert (" ".join(sender.display_name.split()), sender.addr_spec) == (shown.strip(), SENDER.address)


def test_the_same_mail_is_the_same_bytes_however_often_it_is_tried() -> None:
    assert content_of(a_mail()) == content_of(a_mail())


def test_a_mail_travels_over_every_server() -> None:
    octets = content_of(a_mail())

    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    assert not re.search(rb"[^\r]\n|\r[^\n]", octets)
    assert max(len(line) for line in octets.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    "difference",
    [
        {},
        {"title": "Blåbærsyltetøyets sertifisering går snart ut, og det er viktig å få med seg"},
        {"greeting": "Hei 👋 " + "å" * 200 + "!", "signature": "En\rto\r\ntre\nfire"},
        {"paragraphs": (".", "..", "From here", "a=b =3D", "tab\there ", "x" * 500), "link": None},
    ],
)
def test_it_reads_like_a_mail_that_the_library_built(difference: dict[str, Any]) -> None:
    mail = a_mail(text=some_text(**difference))
    built = EmailMessage(policy=SMTP)
    ours = read(content_of(mail))
    parts = [part.get_content() for part in ours.iter_parts()]
    built["From"] = Address(display_name=mail.sender_name, addr_spec=SENDER.address)
    built["To"], built["Subject"], built["Date"] = mail.to, mail.text.title, mail.written_at
    built.set_content(parts[0], cte="quoted-printable")
    built.add_alternative(parts[1], subtype="html", cte="quoted-printable")
    library = read(built.as_bytes(policy=SMTP))

    assert [part.get_content().rstrip() for part in library.iter_parts()] == [part.rstrip() for part in parts]
    assert [ours[name] for name in ("From", "To", "Subject", "Date")] == [
        library[name] for name in ("From", "To", "Subject", "Date")
    ]
    for text in mail.text.paragraphs:
        assert text in parts[0]


def test_text_and_html_say_the_same() -> None:
    text, html = read(content_of(a_mail())).iter_parts()

    for paragraph in some_text().paragraphs:
        assert paragraph in text.get_content()
        assert f"<p>{paragraph}</p>" in html.get_content()
    assert "https://portal.example/mentor/pause" in text.get_content()
    assert 'href="https://portal.example/mentor/pause"' in html.get_content()


def test_html_names_its_language_and_loads_nothing_from_elsewhere() -> None:
    html = list(read(content_of(a_mail(text=some_text(language="nn")))).iter_parts())[1].get_content()

    assert '<html lang="nn">' in html
    assert not re.search(r"<(img|script|link|iframe|form)|url\(", html)
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_what_a_person_is_called_cannot_become_markup() -> None:
    mail = a_mail(text=some_text(paragraphs=("<script>alert(1)</script> tar en pause.",)))

    html = list(read(content_of(mail)).iter_parts())[1].get_content()

    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    "name", ["=?UTF-8?Q?=0A?=Bcc: x@y", "a\r\nBcc: x@y", "a\nBcc: x@y\n\nhello", "--=_msg-00940--"]
)
def test_text_that_looks_like_a_header_stays_text(name: str) -> None:
    message = read(content_of(a_mail(text=some_text(greeting=f"Hei, {name}!", signature=name))))

    assert sorted(message.keys()) == sorted(HEADERS)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("title", ["a =?UTF-8?Q?=0ABcc:_x@y?= b", "a\r\nBcc: x@y"])
def test_a_subject_that_would_read_differently_is_refused(title: str) -> None:
    with pytest.raises((Rejected, ValueError)):
        content_of(a_mail(text=some_text(title=title)))


@pytest.mark.parametrize(
    "address", ["", "kari", "k@x>\r\nRCPT TO:<y@z", "kåri@x.no", '"a b"@x.no', "a@[127.0.0.1]", "a@b, c@d", "a@x.no\n"]
)
def test_only_plain_addresses_are_written_to(address: str) -> None:
    with pytest.raises(Rejected, match="invalid_address"):
        content_of(a_mail(to=address))


@pytest.mark.parametrize(
    "change",
    [
        (b"Subject:", b"Bcc: x@y.no\r\nSubject:"),
        (b"Auto-Submitted: auto-generated\r\n", b""),
        (b"To: kari", b"To: ola"),
        (b"Content-Type: text/html", b"Content-Type: text/calendar"),
        (b"Content-Transfer-Encoding", b"Content-Disposition: attachment\r\nContent-Transfer-Encoding"),
        (b"Subject: ", b"Subject: Bcc "),
        (b"Subject: ", b"Subject: x\nBcc: x@y.no\n "),
        (b"Subject: ", b"Subject: x\rBcc: x@y.no\r "),
        (b"Date: ", b"Date: \x0bBcc: x@y.no\x0b "),
        (b"Date: ", b"Date : "),
        (b"To: kari", b"To: ola@x.no\r\nTo: kari"),
        (b"From: LHL", b"From: Another"),
        (b"<likeperson@portal.example>", b"<another@portal.example>"),
        (b"Reply-To: post@lhl.example\r\n", b""),
        (b"Reply-To: post", b"Reply-To: another"),
        (b"multipart/alternative", b"multipart/mixed"),
        (b'boundary="=_alternative"', b'boundary="=_another"'),
        (b"Hei", b"Hei\r\n--=_alternative\r\nContent-Type: text/calendar\r\n\r\n"),
        (b"Hei", b"Hei\r\n--=_alternative--\r\n"),
        (b"--=_alternative--\r\n", b"--=_alternative--\r\nand more"),
        (b"--=_alternative--\r\n", b""),
        (b"--=_alternative\r\n", b"before\r\n--=_alternative\r\n"),
    ],
)
def test_a_mail_that_is_not_as_meant_is_noticed(change: tuple[bytes, bytes]) -> None:
    octets = content_of(a_mail())

    assert reads_as_meant(octets, a_mail(), SENDER)
    assert not reads_as_meant(octets.replace(*change, 1), a_mail(), SENDER)
