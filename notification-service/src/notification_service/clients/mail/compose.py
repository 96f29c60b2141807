"""Builds the bytes of a mail from a letter, and checks that they say in their headers exactly what we meant."""

from binascii import b2a_qp
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from shared_lib.errors import Rejected

from notification_service.domain.addresses import is_plain_address
from notification_service.domain.ports import Mail

from .sender import Sender

_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
_PARTS = ["Content-Type", "Content-Transfer-Encoding"]

_BOUNDARY = "=_alternative"
"""Cannot occur in a part: quoted-printable writes every = of a text as =3D. One for all, so that parsers know it."""

_FIXED = (
    f"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
    f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'
)
_PART_HEADS = {
    template: (
        f'--{_BOUNDARY}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")
    for template, subtype in (("letter.txt", "plain"), ("letter.html", "html"))
}
_END = f"--{_BOUNDARY}--\r\n".encode("ascii")

_templates = Environment(
    loader=PackageLoader("notification_service.clients.mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def composed(mail: Mail, sender: Sender) -> bytes:
    """The mail with CRLF line ends. The same mail always gives the same bytes. Raises `Rejected`."""
    if not is_plain_address(mail.to):
        raise Rejected("invalid_address")
    octets = b"".join((_head(mail, sender), _part("letter.txt", mail), _part("letter.html", mail), _END))
    if not reads_as_meant(octets, mail):
        raise Rejected("mail_not_as_meant")
    return octets


def _head(mail: Mail, sender: Sender) -> bytes:
    """Filled in, not built: a tree of `email` objects costs more than to send the mail. What may need encoding or
    folding (a subject, our own name) is still left to the library, once for each of the few there are.
    """
    lines = (
        _written("From", str(Address(display_name=sender.name, addr_spec=sender.address))),
        f"To: {mail.to}\r\n",
        _written("Subject", mail.letter.title),
        f"Date: {format_datetime(mail.written_at)}\r\n",
        f"Message-ID: <{mail.message_id}@{sender.domain}>\r\n",
        _FIXED,
    )
    return "".join(lines).encode("ascii")


@lru_cache(maxsize=256)
def _written(header: str, value: str) -> str:
    """One header as the library writes it, encoded and folded."""
    message = EmailMessage(policy=SMTP)
    message[header] = value
    return message.as_bytes(policy=SMTP).decode("ascii").removesuffix("\r\n")


def _part(template: str, mail: Mail) -> bytes:
    """Quoted-printable: no line is too long for a server, and no = of a text stands for itself."""
    text = _templates.get_template(template).render(letter=mail.letter)
    lines = text.rstrip("\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return _PART_HEADS[template] + b2a_qp("\r\n".join([*lines, ""]).encode(), istext=True)


def reads_as_meant(octets: bytes, mail: Mail) -> bool:
    """Read it as the receiver will: is there no header and no part that we did not write?

    The plain old policy: it splits headers just the same, and parsing each as an object costs more than the sending.
    """
    seen = message_from_bytes(octets)
    payload = seen.get_payload() if seen.get_content_type() == "multipart/alternative" else []
    parts = [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []
    return (
        sorted(seen.keys()) == sorted(_HEADERS)
        and _unfolded(seen["To"]) == mail.to
        and str(make_header(decode_header(_unfolded(seen["Subject"])))) == mail.letter.title
        and [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
        and all(part.keys() == _PARTS for part in parts)
    )


def _unfolded(value: str) -> str:
    return "".join(value.splitlines()).strip()
