"""Renders a mail as bytes, and checks that a receiver reads exactly the intended headers and parts."""

import re
from binascii import b2a_qp
from dataclasses import dataclass
from email.header import Header, decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from shared_lib.errors import Rejected

from notification_service.domain.mail_addresses import is_plain_address
from notification_service.domain.ports import Mail

_HEADERS = (
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "MIME-Version", "Content-Type",
)  # fmt: skip
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 -]{1,60}")
"""A name that needs no encoding and no quoting in a header."""

_NEXT_FIELD = re.compile(r"\r\n(?![ \t])")
_CONTROL = re.compile(r"[^ -~]")
"""A line break of some kind is among them, that a receiver may take for one."""

_BOUNDARY = "=_alternative"
"""Cannot occur in a part: quoted-printable writes every = of a text as =3D. One for all, so that parsers know it."""

_FIXED = (
    "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n"
    f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"\r\n\r\n'
)
_DELIMITER = f"--{_BOUNDARY}".encode("ascii")
_TEXT, _HTML = (
    f'\r\nContent-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'.encode()
    for subtype in ("plain", "html")
)
_END = b"--\r\n"

_templates = Environment(
    loader=PackageLoader("notification_service.clients.mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


_templates.globals.clear()  # ours use none, and each rendering would copy them


@dataclass(frozen=True, kw_only=True)
class Sender:
    """`address` is a plain ASCII address; `name` stands before it when the organisation has none."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, kw_only=True)
class RenderedMessage:
    """A mail as bytes. `content` has CRLF line ends and ends with one."""

    sender: str
    recipient: str
    content: bytes


def render(mail: Mail, sender: Sender) -> RenderedMessage:
    """The same mail always gives the same bytes. Raises `Rejected`."""
    if not is_plain_address(mail.to):
        raise Rejected("invalid_address")
    text, html = _written_part("notice.txt", mail), _written_part("notice.html", mail)
    content = b"".join((_head(mail, sender), _DELIMITER, _TEXT, text, _DELIMITER, _HTML, html, _DELIMITER, _END))
    if not reads_as_meant(content, mail, sender):
        raise Rejected("mail_not_as_meant")
    return RenderedMessage(sender=sender.address, recipient=mail.to, content=content)


def _head(mail: Mail, sender: Sender) -> bytes:
    """Filled in, not built: a tree of `email` objects costs more than to send the mail. What may need encoding or
    folding (a subject, an organisation's name) is still left to the library, once for each of the few there are.
    """
    lines = (
        _written_sender(mail.sender_name or sender.name, sender.address),
        f"Reply-To: {mail.reply_to}\r\n" if mail.reply_to else "",
        f"To: {mail.to}\r\n",
        _written("Subject", mail.text.title),
        f"Date: {format_datetime(mail.written_at)}\r\n",
        f"Message-ID: <{mail.message_id}@{sender.domain}>\r\n",
        _FIXED,
    )
    return "".join(lines).encode("ascii")


@lru_cache(maxsize=256)
def _written_sender(name: str, address: str) -> str:
    """A name that is more than letters is encoded as a whole, so that nothing in it is read as an address."""
    if not name:
        return f"From: <{address}>\r\n"
    if _PLAIN_NAME.fullmatch(name):
        return f"From: {name}\r\n <{address}>\r\n"
    encoded = Header(name, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"From: {encoded}\r\n <{address}>\r\n"


@lru_cache(maxsize=256)
def _written(header: str, value: str) -> str:
    """One header as the library writes it, encoded and folded."""
    message = EmailMessage(policy=SMTP)
    message[header] = value
    return message.as_bytes(policy=SMTP).decode("ascii").removesuffix("\r\n")


def _written_part(template: str, mail: Mail) -> bytes:
    """Quoted-printable: no line is too long for a server, and no = of a text stands for itself."""
    text = _templates.get_template(template).render(vars(mail.text))
    lines = text.rstrip("\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return b2a_qp("\r\n".join([*lines, ""]).encode(), istext=True)


def reads_as_meant(octets: bytes, mail: Mail, sender: Sender) -> bool:
    """Read it as the receiver will (RFC 5322, 2046): is there no header and no part that we did not write?

    Every text between two delimiters is a part, so its content needs no reading. The library's parser makes an object
    of every line, which costs more than sending the mail.
    """
    head, _, body = octets.partition(b"\r\n\r\n")
    return _is_head_as_meant(head.decode("ascii", "replace"), mail, sender) and _are_parts_as_meant(body)


def _is_head_as_meant(head: str, mail: Mail, sender: Sender) -> bool:
    fields = [field.partition(":") for field in _NEXT_FIELD.split(head)]
    seen = {name: "".join(value.splitlines()).strip() for name, _, value in fields}
    return (
        not _CONTROL.search(head.replace("\r\n", ""))
        and [name for name, _, _ in fields] == [name for name in _HEADERS if mail.reply_to or name != "Reply-To"]
        and seen["To"] == mail.to
        and seen.get("Reply-To") == mail.reply_to
        and _is_sender_as_meant(seen["From"], mail.sender_name or sender.name, sender.address)
        and _decoded(seen["Subject"]) == mail.text.title
        and seen["Content-Type"] == f'multipart/alternative; boundary="{_BOUNDARY}"'
    )


def _is_sender_as_meant(seen: str, name: str, address: str) -> bool:
    phrase, _, rest = seen.rpartition("<")
    return rest == f"{address}>" and _decoded(phrase.strip()) == name


def _are_parts_as_meant(body: bytes) -> bool:
    before, *parts = body.split(_DELIMITER)
    return (
        before == b""
        and [part[: len(head)] for part, head in zip(parts, (_TEXT, _HTML, _END), strict=False)] == [_TEXT, _HTML, _END]
        and len(parts) == len((_TEXT, _HTML, _END))
        and parts[-1] == _END
    )


@lru_cache(maxsize=256)
def _decoded(value: str) -> str:
    """What is shown of it. There are few: no person's name stands in one."""
    return str(make_header(decode_header(value)))
