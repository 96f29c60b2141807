"""Names in the directory may be anything that a person's name may be; they stay text."""

import pytest

from .asking import PAUSES, ask
from .people import Tokens, address_of, import_lines

KNOWN_HEADERS = {
    "Return-Path", "Delivered-To", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Language", "Content-Transfer-Encoding", "Auto-Submitted", "Reply-To", "List-Unsubscribe",
    "X-Auto-Response-Suppress",
}  # fmt: skip


ORGANISATION, MENTOR, COORDINATOR = "st-names", "st-names-mentor", "st-names-coordinator"
NAME = "=?UTF-8?Q?=0A?=Bcc: x@y <b>Å</b> {{7*7}} %s"
"""Tries to be a mail header, markup and a template."""


@pytest.fixture(scope="module")
def strange(stack):
    """The stack with an organisation whose people all have a strange name."""
    import_lines(
        stack,
        [
            ["record", "id", "organisation", "name", "email", "chapters"],
            ["organisation", ORGANISATION, "", NAME, "", ""],
            ["chapter", "st-names-chapter", ORGANISATION, NAME, "", ""],
            ["coordinator", COORDINATOR, ORGANISATION, NAME, address_of(COORDINATOR), ""],
            ["assignment", COORDINATOR, ORGANISATION, "", "", "st-names-chapter"],
            ["mentor", MENTOR, ORGANISATION, NAME, address_of(MENTOR), "st-names-chapter"],
        ],
    )
    return stack


def test_a_name_adds_no_header_and_no_markup(strange, gateway, maildir):
    event = {"peer_mentor_id": MENTOR, "event_type": "pause_activated", "effective_date": "2026-07-01T00:00:00.000Z"}
    caller = Tokens(strange)("coordinator", COORDINATOR, ORGANISATION)

    answer = ask(gateway, "POST", PAUSES, token=caller, body=event)

    assert answer.status == 201, answer.content
    for mail in maildir.expect(address_of(MENTOR), address_of(COORDINATOR)):
        assert set(mail.keys()) <= KNOWN_HEADERS
        assert mail["Delivered-To"] in mail["To"]
        html = mail.get_body(("html",)).get_content()
        assert "<b>Å" not in html
        assert "49" not in mail["Subject"]
