"""Everything that is needed to write to one recipient, as it is known at the moment of writing."""

from dataclasses import dataclass

from shared_lib.database import Database
from shared_lib.errors import Deferred, Rejected
from shared_lib.tenancy import within

from notification_service.domain.model import Contact, Dispatch, Message, Status
from notification_service.domain.routing import INACTIVE
from notification_service.domain.wording.model import Letter
from notification_service.store import messages

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
            addressed = messages.addressed(session, number, organisation_id=organisation_id)
        found = addressed.value
        if found is None:
            return None
        if found.recipient is None:
            raise Deferred("contact_unknown")
        if not found.recipient.active:
            raise Rejected(INACTIVE)
        letter = self.letters.write(
            found.dispatch,
            found.message.audience,
            recipient=found.recipient,
            mentor=found.mentor,
            organisation=found.organisation,
        )
        return Envelope(dispatch=found.dispatch, message=found.message, recipient=found.recipient, letter=letter)
