"""Everything that is needed to write to one recipient, as it is known at the moment of writing."""

from dataclasses import dataclass

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import Rejected, RetryLater
from shared_lib.outbox import Delivery

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
    """Addresses and texts are looked up late: a corrected address is used, an erased one is gone. Only what is sent in
    the moment of the announcement uses what that has found.
    """

    database: Database
    letters: Letters

    def find(self, delivery: Delivery) -> Envelope | None:
        """None when there is nothing left to send. Raises `RetryLater` for a recipient we have not heard of yet."""
        found = delivery.known if isinstance(delivery.known, messages.Addressed) else self._looked_up(delivery)
        if found is None:
            return None
        if found.recipient is None:
            raise RetryLater("contact_unknown")
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

    def _looked_up(self, delivery: Delivery) -> messages.Addressed | None:
        with self.database.begin(tenant(delivery.tenant)) as session:
            found = messages.addressed(session, delivery.payload["message"], organisation_id=delivery.tenant)
        return found.value
