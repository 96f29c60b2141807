"""Builds the bytes of a mail from a letter, and checks that they say in their headers exactly what we meant."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from shared_lib.errors import Rejected

from notification_service.domain.addresses import is_plain_address
from notification_service.domain.ports import Mail

from .sender import Sender

_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type")
_PARTS = ["Content-Type", "Content-Transfer-Encoding"]

_BOUNDARY = "=_alternative"
"""Cannot occur in a part: quoted-printable writes every = of a text as =3D. One for all, so that parsers know it."""

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
    octets = _message(mail, sender).as_bytes(policy=SMTP)
    if not reads_as_meant(octets, mail):
        raise Rejected("mail_not_as_meant")
    return octets if octets.endswith(b"\r\n") else octets + b"\r\n"


def _message(mail: Mail, sender: Sender) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=sender.name, addr_spec=sender.address)
    message["To"] = mail.to
    message["Subject"] = mail.letter.title
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = f"<{mail.message_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_rendered("letter.txt", mail), cte="quoted-printable")
    message.add_alternative(_rendered("letter.html", mail), subtype="html", cte="quoted-printable")
    message.set_boundary(_BOUNDARY)
    for part in message.iter_parts():
        del part["MIME-Version"]  # of the whole mail, not of its parts
    return message


def _rendered(template: str, mail: Mail) -> str:
    return _templates.get_template(template).render(letter=mail.letter)


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
