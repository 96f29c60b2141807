"""Keeps the promise of a mail."""

from dataclasses import dataclass

from shared_lib.clock import Clock
from shared_lib.errors import Rejected
from shared_lib.outbox import Delivered, Delivery, FinalState
from sqlalchemy.orm import Session

from notification_service.domain.model import Status
from notification_service.domain.ports import Mail, Mailer
from notification_service.domain.routing import mail_obstacle
from notification_service.store import messages

from .envelopes import Envelope, Envelopes
from .outcomes import write_bad_end


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """`sent` is written only with the mail server's own 250 in hand."""

    envelopes: Envelopes
    mailer: Mailer
    clock: Clock

    def deliver(self, delivery: Delivery) -> Delivered:
        """Send the mail once; the mark is set right before its content goes out."""
        number = delivery.payload["message"]
        envelope = self.envelopes.find(delivery)
        if envelope is None or envelope.is_done:
            return Delivered()
        self.mailer.send(_mail(envelope), before_data=delivery.mark_in_flight, before_dot=delivery.check_lease)
        at = self.clock()
        return Delivered(
            on_commit=lambda session: messages.settle(
                session, number, Status.SENT, organisation_id=delivery.tenant, at=at
            ),
            news=Status.SENT,
        )

    def give_up(self, session: Session, delivery: Delivery, ending: FinalState, reason: str) -> None:
        write_bad_end(session, delivery, ending, reason, at=self.clock())


def _mail(envelope: Envelope) -> Mail:
    """Message-ID and Date depend on nothing but the message, so that every retry is the same mail."""
    address = envelope.recipient.email
    obstacle = mail_obstacle(address)
    if address is None or obstacle is not None:
        raise Rejected(obstacle or "no_address")
    return Mail(
        message_id=f"{envelope.message.message_id}.{envelope.dispatch.id}",
        to=address,
        written_at=envelope.dispatch.created_at,
        letter=envelope.letter,
    )
