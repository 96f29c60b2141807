"""What has arrived at the mail server."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

from running import eventually


class Maildir:
    """Remembers what it has shown, so that each test sees its own mails only."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory) / "new"
        self._shown: set[Path] = set()
        self.forget()

    def forget(self) -> None:
        """Mails that are there already belong to other tests."""
        self._shown = set(self._directory.iterdir())

    def new(self) -> list[EmailMessage]:
        """The new mails to anybody, without waiting."""
        return [_parse(path) for path in sorted(set(self._directory.iterdir()) - self._shown)]

    def to(self, *addresses: str) -> list[EmailMessage]:
        """The new mails to these people, without waiting."""
        return [mail for mail in self.new() if mail["Delivered-To"] in addresses]

    def expect(self, *addresses: str, within: float = 15.0) -> list[EmailMessage]:
        """Wait until each address has a mail, or as many as it is named; all mails to them."""
        eventually(lambda: len(self.to(*addresses)) >= len(addresses), within=within)
        return self.to(*addresses)


def _parse(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default)
