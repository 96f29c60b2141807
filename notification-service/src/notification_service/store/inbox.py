"""What people find when they open the app."""

from shared_lib.statements import ask
from sqlalchemy.orm import Session

from notification_service.domain.model import Dispatch, Message
from notification_service.domain.wording.model import Letter

_ADD = """
INSERT INTO inbox (message_number, organisation_id, recipient_id, title, body, link, created_at)
VALUES (%(number)s, %(organisation_id)s, %(recipient_id)s, %(title)s, %(body)s, %(link)s, %(created_at)s)
"""


def add(session: Session, dispatch: Dispatch, message: Message, letter: Letter) -> None:
    """The message itself: it is delivered when this transaction commits."""
    ask(
        session,
        _ADD,
        {
            "number": message.number,
            "organisation_id": dispatch.organisation_id,
            "recipient_id": message.recipient_id,
            "title": letter.title,
            "body": "\n\n".join(letter.paragraphs),
            "link": letter.link,
            "created_at": dispatch.created_at,
        },
    )
