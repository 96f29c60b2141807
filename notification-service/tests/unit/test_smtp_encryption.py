"""Encryption and log-in, against a mail server that other people wrote."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP as SMTP_POLICY
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from notification_service.clients.mail.compose import Sender
from notification_service.clients.mail.mailer import SmtpMailer
from notification_service.config import SmtpServer, Tls
from shared_lib.clock import utc_now
from shared_lib.errors import Unreachable

from ..builders import a_mail
from ..smtp_server import Conversation, ScriptedServer, reply, stall

HOST = "127.0.0.1"


class Mailbox:
    """aiosmtpd's handler that keeps envelopes."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.peers: list[tuple[str, int]] = []

    async def handle_DATA(self, _server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.peers.append(session.peer)
        self.envelopes.append(envelope)
        return "250 taken"


def log_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
    good = isinstance(login, LoginPassword) and (login.login, login.password) == (b"portal", b"correct")
    return AuthResult(success=good, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for this address, in one file."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


Start = Callable[..., int]


async def end_conversations() -> None:
    """Of clients that closed their connection, and of those that will not."""
    conversations = asyncio.all_tasks() - {asyncio.current_task()}
    for conversation in conversations:
        conversation.cancel()
    await asyncio.gather(*conversations, return_exceptions=True)


@pytest.fixture
def start(mailbox: Mailbox) -> Iterator[Start]:
    """Starts a server on a free port, which it answers."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running: list[asyncio.Server] = []

    def started(*, ssl_context: ssl.SSLContext | None = None, **options: Any) -> int:
        def connection() -> SMTP:
            return SMTP(mailbox, hostname="mail.test", loop=loop, **options)

        server = asyncio.run_coroutine_threadsafe(
            loop.create_server(connection, HOST, 0, ssl=ssl_context), loop
        ).result(10)
        running.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield started
    for server in running:
        loop.call_soon_threadsafe(server.close)
    asyncio.run_coroutine_threadsafe(end_conversations(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def mailer(port: int, tls: Tls, context: ssl.SSLContext, *, password: str | None = None) -> SmtpMailer:
    server = SmtpServer(
        host=HOST,
        port=port,
        tls=tls,
        user="portal" if password else None,
        password=password,
        connect_seconds=2,
        command_seconds=2,
        final_seconds=2,
    )
    return SmtpMailer(server=server, sender=Sender(address="likeperson@portal.example"), tls=context)


def send(mailer: SmtpMailer) -> None:
    try:
        mailer.send(a_mail(), before_data=lambda: None)
    finally:
        mailer.close()


def test_starttls_and_login(
    start: Start, mailbox: Mailbox, server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    port = start(tls_context=server_side, require_starttls=True, auth_required=True, authenticator=log_in)

    send(mailer(port, Tls.STARTTLS, trusting, password="correct"))

    [envelope] = mailbox.envelopes
    assert envelope.rcpt_tos == ["kari.nordmann@lhl.example"]
    assert envelope.content is not None
    message = message_from_bytes(envelope.content, policy=SMTP_POLICY)  # type: ignore[arg-type]
    assert message["Subject"] == "Pausen din er registrert på nytt"


def test_a_wrong_password_is_for_us_to_mend(
    start: Start, mailbox: Mailbox, server_side: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    port = start(tls_context=server_side, require_starttls=True, auth_required=True, authenticator=log_in)

    with pytest.raises(Unreachable, match="smtp_535"):
        send(mailer(port, Tls.STARTTLS, trusting, password="wrong"))

    assert mailbox.envelopes == []


def test_a_certificate_of_another_host_is_not_trusted(
    start: Start, mailbox: Mailbox, server_side: ssl.SSLContext
) -> None:
    port = start(tls_context=server_side)

    with pytest.raises(Unreachable, match="tls_certificate"):
        send(mailer(port, Tls.STARTTLS, ssl.create_default_context()))

    assert mailbox.envelopes == []


def test_a_server_without_starttls_gets_nothing_in_the_clear(
    start: Start, mailbox: Mailbox, trusting: ssl.SSLContext
) -> None:
    port = start()

    with pytest.raises(Unreachable, match="smtp_not_supported"):
        send(mailer(port, Tls.STARTTLS, trusting))

    assert mailbox.envelopes == []


def stop_in_the_handshake(conversation: Conversation) -> None:
    """Agrees to the encryption and sends a record of TLS byte by byte."""
    conversation.say(b"220 go on\r\n")
    conversation.connection.recv(65536)
    conversation.say(b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc\x03\x03")
    while not conversation.closing.wait(0.05):
        conversation.say(b"a")


def slip_in(conversation: Conversation) -> None:
    """A reply in the clear, right behind the one that begins the encryption."""
    conversation.say(b"220 go on\r\n250 and trust me\r\n")


def talk_on(conversation: Conversation) -> None:
    """Agrees to the encryption and then goes on in the clear."""
    conversation.say(b"220 go on\r\n")
    conversation.connection.recv(65536)
    conversation.say(b"250 and how are you today\r\n")


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        (talk_on, "tls_failed"),
        (reply(b"454 no"), "smtp_454"),
        (stall, "smtp_timeout"),
        (stop_in_the_handshake, "smtp_timeout"),
        (slip_in, "smtp_malformed_reply"),
    ],
)
def test_an_encryption_that_goes_wrong_ends_the_conversation(trusting: ssl.SSLContext, deed: Any, reason: str) -> None:
    script = {"EHLO": reply(b"250-here\r\n250 STARTTLS"), "STARTTLS": deed}
    with ScriptedServer(script) as server, pytest.raises(Unreachable, match=reason):
        send(mailer(server.port, Tls.STARTTLS, trusting))

    assert "MAIL" not in server.steps


def test_implicit_encryption(
    mailbox: Mailbox, server_side: ssl.SSLContext, trusting: ssl.SSLContext, start: Start
) -> None:
    port = start(ssl_context=server_side)

    send(mailer(port, Tls.IMPLICIT, trusting))

    assert len(mailbox.envelopes) == 1


def test_an_encrypted_connection_is_kept_for_the_next_mail(
    mailbox: Mailbox, server_side: ssl.SSLContext, trusting: ssl.SSLContext, start: Start
) -> None:
    with closing(mailer(start(ssl_context=server_side), Tls.IMPLICIT, trusting)) as sending:
        for _ in range(3):
            sending.send(a_mail(), before_data=lambda: None)

    assert len(set(mailbox.peers)) == 1
    assert len(mailbox.envelopes) == 3


def test_implicit_encryption_with_a_server_that_speaks_in_the_clear(trusting: ssl.SSLContext) -> None:
    with ScriptedServer() as server, pytest.raises(Unreachable, match="tls_failed"):
        send(mailer(server.port, Tls.IMPLICIT, trusting))
