"""Compares the recipients of the accepted requests with the mails that arrived."""

from collections import Counter
from collections.abc import Iterable

from containers.composed import Composed
from maildir import Maildir
from people import COORDINATOR, address_of
from running import eventually

NOTIFIED_WITHIN = 90.0
"""A lease that is not released expires after 30 s; for as long, none is taken over after a start of the database."""

SETTLED_WITHIN = 90.0
"""The orchestrator looks again after a minute what has become of messages that were late."""

WITH_OUTBOX = ("orchestrator", "notification")


def settle(stack: Composed) -> None:
    """Wait until no service has an open outbox message."""
    eventually(
        lambda: not any(stack.outbox_messages(service) for service in WITH_OUTBOX), within=SETTLED_WITHIN, every=1.0
    )


def assert_each_is_notified_once(stack: Composed, maildir: Maildir, mentors: Iterable[str]) -> None:
    """One mail to the mentor and one to their coordinator for each time that a mentor is named."""
    expected = Counter(address_of(person) for mentor in mentors for person in (mentor, COORDINATOR))
    eventually(lambda: len(maildir.new()) >= expected.total(), within=NOTIFIED_WITHIN, every=1.0)
    settle(stack)  # until then, a second copy could still come

    mails = maildir.new()
    assert Counter(str(mail["Delivered-To"]) for mail in mails) == expected
    assert len({mail["Message-ID"] for mail in mails}) == expected.total()
