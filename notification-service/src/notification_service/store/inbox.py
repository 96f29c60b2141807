"""What people find when they open the app."""

from sqlalchemy.orm import Session

from notification_service.domain.model import Dispatch, Message
from notification_service.domain.wording.model import Letter

from .tables import InboxRow


def add(session: Session, dispatch: Dispatch, message: Message, letter: Letter) -> None:
    session.add(
        InboxRow(
            message_number=message.number,
            organisation_id=dispatch.organisation_id,
            recipient_id=message.recipient_id,
            title=letter.title,
            body="\n\n".join(letter.paragraphs),
            link=letter.link,
            created_at=dispatch.created_at,
        )
    )
