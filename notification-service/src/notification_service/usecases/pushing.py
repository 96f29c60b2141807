"""Keeps the promise of a push note."""

from dataclasses import dataclass

from shared_lib.clock import Clock
from shared_lib.errors import Rejected
from shared_lib.outbox import Delivered, Delivery, FinalState
from sqlalchemy.orm import Session

from notification_service.domain.model import Status
from notification_service.domain.ports import Pusher, PushNote
from notification_service.domain.routing import NO_ADDRESS
from notification_service.store import messages

from .envelopes import Envelopes
from .outcomes import write_bad_end


@dataclass(frozen=True, kw_only=True)
class Pushing:
    """The provider knows a note by its message id, so that repeating one is harmless."""

    envelopes: Envelopes
    pusher: Pusher
    clock: Clock

    def deliver(self, delivery: Delivery) -> Delivered:
        """Hand the note to the provider."""
        number = delivery.payload["message"]
        envelope = self.envelopes.find(delivery)
        if envelope is None or envelope.is_done:
            return Delivered()
        token = envelope.recipient.push_token
        if not token:
            raise Rejected(NO_ADDRESS)
        self.pusher.send(PushNote(message_id=envelope.message.message_id, token=token, letter=envelope.letter))
        at = self.clock()
        return Delivered(
            on_commit=lambda session: messages.settle(
                session, number, Status.DELIVERED, organisation_id=delivery.tenant, at=at
            ),
            news=Status.DELIVERED,
        )

    def give_up(self, session: Session, delivery: Delivery, ending: FinalState, reason: str) -> None:
        write_bad_end(session, delivery, ending, reason, at=self.clock())
