"""Mail addresses: which of them a mail server takes, and the ASCII form of international domains."""

import re

NO_ADDRESS = "no_address"
INVALID_ADDRESS = "invalid_address"
NEEDS_SMTPUTF8 = "needs_smtputf8"

# Plain ASCII addr-spec: no quoting, no comments, no address literals, nothing that could end a header or a command.
_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)"
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
_OTHER_DOMAIN = re.compile("[ßς\u200c\u200d]")
"""Python's codec (IDNA 2003) makes another domain of a name with one of these than the present IDNA 2008."""


def is_plain_address(address: str) -> bool:
    """Is it a mail address that may be given to a mail server?"""
    return _ADDRESS.match(address) is not None


def mail_obstacle(address: str | None) -> str | None:
    """The reason code why no mail can be sent to this address; None when it can."""
    if not address:
        return NO_ADDRESS
    if is_plain_address(address):
        return None
    local, _, domain = address.rpartition("@")
    return NEEDS_SMTPUTF8 if not local.isascii() and is_plain_address(f"x@{domain}") else INVALID_ADDRESS


def with_ascii_domain(address: str) -> str:
    """The address with its international domain in ASCII (RFC 3490, punycode); unchanged when that is impossible."""
    local, at, domain = address.rpartition("@")
    if domain.isascii() or _OTHER_DOMAIN.search(domain.lower()):
        return address
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address
