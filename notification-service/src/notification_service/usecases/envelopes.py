"""Everything that is needed to write to one recipient, as it is known at the moment of writing."""

from dataclasses import dataclass

from shared_lib.database import Database
from shared_lib.errors import Deferred, Rejected
from shared_lib.tenancy import within

from notification_service.domain.model import Contact, Dispatch, Message, Status
from notification_service.domain.routing import INACTIVE
from notification_service.domain.wording.model import Letter
from notification_service.store import contacts, dispatches

from .letters import Letters


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A message, its recipient and its letter."""

    dispatch: Dispatch
    message: Message
    recipient: Contact
    letter: Letter

    @property
    def is_done(self) -> bool:
        return self.message.status in (Status.SENT, Status.DELIVERED)


@dataclass(frozen=True, kw_only=True)
class Envelopes:
    """Addresses and texts are looked up late: a corrected address is used, an erased one is gone."""

    database: Database
    letters: Letters

    def find(self, number: int, *, organisation_id: str) -> Envelope | None:
        """None when there is nothing left to send. Raises `Deferred` for a recipient we have not heard of yet."""
        with self.database.begin(within(organisation_id)) as session:
            found = dispatches.of_message(session, number, organisation_id=organisation_id)
            if found is None:
                return None
            dispatch, message = found
            people = contacts.known(
                session, {message.recipient_id, dispatch.mentor_id}, organisation_id=organisation_id
            )
            organisation = contacts.organisation(session, organisation_id)
        recipient = people.get(message.recipient_id)
        if recipient is None:
            raise Deferred("contact_unknown")
        if not recipient.active:
            raise Rejected(INACTIVE)
        letter = self.letters.write(
            dispatch,
            message.audience,
            recipient=recipient,
            mentor=people.get(dispatch.mentor_id),
            organisation=organisation,
        )
        return Envelope(dispatch=dispatch, message=message, recipient=recipient, letter=letter)
