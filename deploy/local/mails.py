"""The mails that have arrived at the local mail server since one began to look."""

import email
import email.policy
import time
from email.message import EmailMessage
from pathlib import Path

from conversation import TIMEOUT_SECONDS, Unexpected


class Mailbox:
    def __init__(self, maildir: str | None) -> None:
        if maildir is None:
            raise SystemExit("The running system has no mailbox: start it without --no-mailbox.")
        self._new = Path(maildir) / "new"
        self._seen = set(self._new.iterdir())

    def show(self, *, expected: int) -> None:
        """Print every mail that is new; raises Unexpected if it is not as many as expected."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(arrived := set(self._new.iterdir()) - self._seen) < expected and time.monotonic() < deadline:
            time.sleep(0.1)
        print(f"\n{' The mails ':═^100}")
        for path in sorted(arrived, key=lambda mail: mail.stat().st_mtime_ns):
            _show(email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.default))
        if len(arrived) != expected:
            raise Unexpected(f"{len(arrived)} mails arrived, the answers speak of {expected}")


def _show(mail: EmailMessage) -> None:
    text = mail.get_body(("plain",))
    print(f"\nTo:      {mail['To']}\nSubject: {mail['Subject']}\n")
    print("\n".join(f"    {line}" for line in (text.get_content() if text else "(no text)").strip().splitlines()))
