"""Single messages on their way: everything that is needed to write one, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared_lib.pipeline import Later
from shared_lib.statements import send
from sqlalchemy.orm import Session

from notification_service.domain.model import Contact, Dispatch, Message, Organisation, Status

from . import contacts
from .dispatches import OWN_COLUMNS, dispatch_of, message_of

# Both for every single mail, so that each is one statement.
_ADDRESSED = f"""
SELECT m.number, m.recipient_id, m.audience, m.channel, m.status, m.reason, m.outbox_id,
    d.id, d.{OWN_COLUMNS.replace(", ", ", d.")},
    {contacts.contact_columns("recipient")}, {contacts.contact_columns("mentor")},
    {contacts.organisation_columns("organisation")}
FROM message m JOIN dispatch d ON d.id = m.dispatch_id
LEFT JOIN contact recipient ON recipient.id = m.recipient_id AND recipient.organisation_id = m.organisation_id
LEFT JOIN contact mentor ON mentor.id = d.mentor_id AND mentor.organisation_id = m.organisation_id
LEFT JOIN organisation ON organisation.id = m.organisation_id
WHERE m.number = %(number)s AND m.organisation_id = %(organisation_id)s AND d.organisation_id = %(organisation_id)s
"""  # noqa: S608 - our own fields
_SETTLE = """
UPDATE message SET status = %(status)s, reason = %(reason)s, settled_at = %(at)s
WHERE number = %(number)s AND organisation_id = %(organisation_id)s AND status NOT IN ('sent', 'delivered')
"""


@dataclass(frozen=True, kw_only=True)
class Addressed:
    """A message, the dispatch it belongs to (whatever messages that has here), and who it speaks to and of, as far as
    known.
    """

    dispatch: Dispatch
    message: Message
    recipient: Contact | None
    mentor: Contact | None
    organisation: Organisation


def addressed(session: Session, number: int, *, organisation_id: str) -> Later[Addressed | None]:
    """None when the message was removed."""
    answer = send(session, _ADDRESSED, {"number": number, "organisation_id": organisation_id})
    return answer.read(lambda rows: _addressed(rows[0], organisation_id) if rows else None)


def _addressed(row: Any, organisation_id: str) -> Addressed:
    message = message_of(row)
    return Addressed(
        dispatch=dispatch_of(row, (message,)),
        message=message,
        recipient=contacts.contact_of(row, "recipient"),
        mentor=contacts.contact_of(row, "mentor"),
        organisation=contacts.organisation_of(row, "organisation") or Organisation.unheard_of(organisation_id),
    )


def settle(
    session: Session, number: int, status: Status, *, organisation_id: str, at: datetime, reason: str | None = None
) -> None:
    """Write what became of a message. What was really sent stays so."""
    send(
        session,
        _SETTLE,
        {
            "number": number,
            "organisation_id": organisation_id,
            "status": status.value,
            "reason": reason,
            "at": at,
        },
    )
