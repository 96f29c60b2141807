"""Names in the directory may be anything that a person's name may be; they stay text."""

import pytest

from .asking import PAUSES, ask
from .maildir import Maildir
from .people import COORDINATOR, MENTORS, Tokens, address_of, import_people
from .running import Stack

KNOWN_HEADERS = {
    "Return-Path", "Delivered-To", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Language", "Content-Transfer-Encoding", "Auto-Submitted", "Reply-To", "List-Unsubscribe",
    "X-Auto-Response-Suppress",
}  # fmt: skip


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """A stack whose people all have a name that tries to be a mail header, and markup."""
    stack = Stack(tmp_path_factory.mktemp("names") / "stack", "--no-sample")
    try:
        import_people(stack, names=lambda person: "=?UTF-8?Q?=0A?=Bcc: x@y <b>Å</b> {{7*7}} %s")
        yield stack
    finally:
        stack.interrupt()
        stack.kill()


def test_a_name_adds_no_header_and_no_markup(strange):
    maildir = Maildir(strange.description["mailbox"])
    event = {
        "peer_mentor_id": MENTORS[0],
        "event_type": "pause_activated",
        "effective_date": "2026-07-01T00:00:00.000Z",
    }

    answer = ask(
        strange.description["gateway"], "POST", PAUSES, token=Tokens(strange)("coordinator", COORDINATOR), body=event
    )

    assert answer.status == 201, answer.content
    for mail in maildir.expect(address_of(MENTORS[0]), address_of(COORDINATOR)):
        assert set(mail.keys()) <= KNOWN_HEADERS
        assert mail["Delivered-To"] in mail["To"]
        html = mail.get_body(("html",)).get_content()
        assert "<b>Å" not in html
        assert "49" not in mail["Subject"]
