"""Which mail addresses we dare to hand to a mail server."""

import re

# Plain ASCII addr-spec: no quoting, no comments, no address literals, nothing that could end a header or a command.
_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)(?=[^@]{1,64}@)"
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)


def is_plain_address(address: str) -> bool:
    return _ADDRESS.match(address) is not None
