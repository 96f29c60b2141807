"""Delivers outbox messages to people: mails and push messages."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import Rejected, RetryLater
from shared_lib.outbox import Delivered, Delivery, Dispatcher, FinalState, Reschedule
from sqlalchemy.orm import Session

from notification_service.domain.mail_addresses import NO_ADDRESS, mail_obstacle
from notification_service.domain.model import Contact, Status
from notification_service.domain.participants import INACTIVE, Recipient, is_replaced
from notification_service.domain.ports import Mail, Mailer, Pusher, PushMessage
from notification_service.domain.texts.model import RenderedText
from notification_service.domain.texts.names import safe_name
from notification_service.store import contacts, dispatches
from notification_service.store.dispatches import MessageToSend

from .chasing import Chasing
from .recording import Recorder

log = structlog.get_logger(__name__)

NOT_TO_SEND = frozenset({Status.SENT, Status.DELIVERED, Status.SKIPPED})

STATUS_OF_FINAL_STATE = {
    FinalState.REJECTED: Status.FAILED,
    FinalState.DEAD: Status.FAILED,
    FinalState.EXPIRED: Status.EXPIRED,
    FinalState.UNKNOWN: Status.UNKNOWN,
    FinalState.DISCARDED: Status.SKIPPED,
    FinalState.CANCELLED: Status.SKIPPED,
}


@dataclass(frozen=True, kw_only=True)
class Deliveries:
    """Sends messages. Contacts and texts are read in each attempt: a corrected address is used, an erased one is not.

    The methods raise `RetryLater` for a recipient whose contact has not arrived, `Rejected` for one who cannot be
    reached, and what the ports raise.
    """

    database: Database
    recorder: Recorder
    mailer: Mailer
    pusher: Pusher
    dispatcher: Dispatcher
    chasing: Chasing

    def deliver_mail(self, delivery: Delivery) -> Delivered | Reschedule:
        """Send the mail, marked as in flight right before its content; `sent` means that the server said 250."""
        found = self._message_to_send(delivery)
        if found is None:
            return Delivered()
        if is_replaced(found.dispatch, found.message, found.mentor):
            return self._redirected(delivery, found)
        obstacle = self._obstacle(found)
        if obstacle is not None:
            return self._ended(delivery, Status.SKIPPED, reason=obstacle)
        recipient = _reachable(found)
        mail = _mail(found, recipient, self._text(found, recipient))
        self.mailer.send(mail, before_data=delivery.mark_in_flight, before_dot=delivery.check_lease)
        return self._ended(delivery, Status.SENT)

    def deliver_push(self, delivery: Delivery) -> Delivered | Reschedule:
        """Give the push message to the gateway, which recognises a repeated one by its message id.

        That of a planned notice waits until the organisation's quiet hours are over; the mail is there meanwhile.
        """
        found = self._message_to_send(delivery)
        if found is None:
            return Delivered()
        if is_replaced(found.dispatch, found.message, found.mentor):
            return self._redirected(delivery, found)
        wait = self._quiet_time(found)
        if wait is not None:
            return Reschedule(after=wait)
        obstacle = self._obstacle(found)
        if obstacle is not None:
            return self._ended(delivery, Status.SKIPPED, reason=obstacle)
        recipient = _reachable(found)
        if not recipient.push_token:
            raise Rejected(NO_ADDRESS)
        text = self._text(found, recipient)
        self.pusher.send(PushMessage(message_id=found.message.message_id, token=recipient.push_token, text=text))
        return self._ended(delivery, Status.DELIVERED)

    def give_up(self, session: Session, delivery: Delivery, final_state: FinalState, reason: str) -> None:
        """Store that a message will not be tried again, and why, in the transaction that closes the outbox message."""
        dispatches.record_outcome(
            session,
            delivery.payload["message"],
            STATUS_OF_FINAL_STATE[final_state],
            organisation_id=delivery.tenant,
            at=self.dispatcher.clock(),
            reason=reason,
        )

    def _message_to_send(self, delivery: Delivery) -> MessageToSend | None:
        """None when the message was removed, is sent already or was skipped."""
        with self.database.begin(tenant(delivery.tenant)) as session:
            number = delivery.payload["message"]
            found = dispatches.message_to_send(session, number, organisation_id=delivery.tenant)
        return None if found is None or found.message.status in NOT_TO_SEND else found

    def _quiet_time(self, found: MessageToSend) -> timedelta | None:
        """How long a push message waits; None when it need not."""
        dispatch, at = found.dispatch, self.dispatcher.clock()
        if not dispatch.planned:
            return None
        with self.database.begin(tenant(dispatch.organisation_id)) as session:
            own, _ = contacts.settings_of(session, dispatch.organisation_id)
        ends = own.end_of_quiet_hours(at=at, time_zone=found.organisation.time_zone)
        return None if ends is None else ends - at

    def _text(self, found: MessageToSend, recipient: Contact) -> RenderedText:
        return self.recorder.texts.render(
            found.dispatch,
            found.message.audience,
            recipient=recipient,
            mentor=found.mentor,
            coordinator=found.coordinator,
            organisation=found.organisation,
            waiting=self.chasing.waiting(found.dispatch),
            at=self.dispatcher.clock(),
        )

    def _obstacle(self, found: MessageToSend) -> str | None:
        """Why a message about a lapse that waits is not to be sent any more."""
        if found.dispatch.chased_dispatch_id is None:
            return None
        recipient = Recipient(id=found.message.recipient_id, audience=found.message.audience)
        return self.chasing.obstacle(found.dispatch, recipient)

    def _ended(self, delivery: Delivery, status: Status, *, reason: str | None = None) -> Delivered:
        number, at = delivery.payload["message"], self.dispatcher.clock()
        return Delivered(
            on_commit=lambda session: dispatches.record_outcome(
                session, number, status, organisation_id=delivery.tenant, at=at, reason=reason
            )
        )

    def _redirected(self, delivery: Delivery, found: MessageToSend) -> Reschedule:
        """First turn the dispatch to those who are responsible by now, then look at this message again."""

        def redirect(session: Session) -> None:
            dispatch, mentor = dispatches.lock(session, found.dispatch.id), found.mentor
            if mentor is not None and is_replaced(dispatch, found.message, mentor):
                at, expires = self.dispatcher.clock(), delivery.expires_at
                organisation = found.organisation
                messages = self.recorder.redirect(session, dispatch, mentor, organisation, expires=expires, at=at)
                self.dispatcher.leave_to_relays(session, *messages)

        return Reschedule(after=timedelta(0), on_commit=redirect)


def _reachable(found: MessageToSend) -> Contact:
    if found.recipient is None:
        raise RetryLater("contact_unknown")
    if not found.recipient.active or (found.mentor is not None and not found.mentor.is_active_mentor):
        raise Rejected(INACTIVE)
    return found.recipient


def _mail(found: MessageToSend, recipient: Contact, text: RenderedText) -> Mail:
    """Message-ID and Date depend on nothing but the message, so that every retry is the same mail."""
    obstacle = mail_obstacle(recipient.email)
    if recipient.email is None or obstacle is not None:
        raise Rejected(obstacle or NO_ADDRESS)
    return Mail(
        message_id=f"{found.message.message_id}.{found.dispatch.id}",
        to=recipient.email,
        written_at=found.dispatch.created_at,
        sender_name=safe_name(found.organisation.name),
        reply_to=found.organisation.reply_to,
        text=text,
    )
