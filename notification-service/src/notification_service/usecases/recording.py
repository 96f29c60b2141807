"""Writes a dispatch down: its messages, and the promises to send them and to open the lapse."""

from dataclasses import dataclass
from uuid import UUID

import structlog
from shared_lib.identifiers import uuid7
from shared_lib.outbox import Promise
from sqlalchemy.orm import Session

from notification_service.domain.case import Case
from notification_service.domain.deadlines import worth_telling_until
from notification_service.domain.model import Contact, Dispatch, Message, Notice, Status
from notification_service.domain.recipients import recipients_of
from notification_service.domain.routing import Row, rows_for
from notification_service.store import contacts, dispatches, inbox

from .letters import Letters
from .outcomes import KIND_OF_CHANNEL, LAPSE

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Works within the transaction of the announcement, with the mentor locked. Makes no promise itself: that is the
    caller's, in the same transaction.
    """

    letters: Letters
    push_configured: bool = False
    scale: float = 1.0

    def record(self, session: Session, case: Case, *, natural_key: str) -> tuple[UUID, list[Promise]]:
        """Store the dispatch with a message per recipient and channel."""
        dispatch = _dispatch(case)
        dispatches.add(session, dispatch, natural_key=natural_key)
        promises = self._lapse(case, dispatch)
        told = recipients_of(case)
        people = {
            **contacts.known(session, [recipient.id for recipient in told], organisation_id=case.organisation.id),
            case.mentor.id: case.mentor,
        }
        for recipient in told:
            contact = people.get(recipient.id)
            for row in rows_for(recipient, contact, case.notice, push_configured=self.push_configured):
                promises += self._message(session, case, dispatch, row, contact)
        return dispatch.id, promises

    def _message(
        self, session: Session, case: Case, dispatch: Dispatch, row: Row, contact: Contact | None
    ) -> list[Promise]:
        outbox_id = uuid7() if row.status is Status.QUEUED else None
        message = dispatches.add_message(session, dispatch, row, outbox_id=outbox_id)
        if row.status is Status.DELIVERED and contact is not None:
            letter = self.letters.write(
                dispatch, message.audience, recipient=contact, mentor=case.mentor, organisation=case.organisation
            )
            inbox.add(session, dispatch, message, letter)
        return [self._sending(case, message, outbox_id)] if outbox_id else []

    def _sending(self, case: Case, message: Message, outbox_id: UUID) -> Promise:
        """Notices reach one person on one channel in the order they were made; nobody waits for anybody else's."""
        return Promise(
            id=outbox_id,
            kind=KIND_OF_CHANNEL[message.channel],
            payload={"message": message.number},
            tenant=case.organisation.id,
            ordering_key=f"{message.recipient_id}:{message.channel}",
            expires_at=worth_telling_until(case, scale=self.scale),
        )

    def _lapse(self, case: Case, dispatch: Dispatch) -> list[Promise]:
        if dispatch.lapse_outbox_id is None:
            return []
        return [
            Promise(
                id=dispatch.lapse_outbox_id,
                kind=LAPSE,
                payload={"dispatch": str(dispatch.id)},
                tenant=case.organisation.id,
                expires_at=worth_telling_until(case, scale=self.scale),
            )
        ]


def _dispatch(case: Case) -> Dispatch:
    announcement = case.announcement
    opens_lapse = case.notice is Notice.CERT_EXPIRY and case.coordinator_id is not None
    if case.coordinator_id is None:
        log.warning("dispatch.without_coordinator", mentor_id=case.mentor.id, organisation_id=case.organisation.id)
    return Dispatch(
        id=uuid7(),
        organisation_id=case.organisation.id,
        notice=case.notice,
        mentor_id=case.mentor.id,
        coordinator_id=case.coordinator_id,
        created_at=case.at,
        messages=(),
        expected_return_date=announcement.expected_return_date,
        expiry_date=announcement.expiry_date,
        days_remaining=announcement.days_remaining,
        acted_by=case.acted_by,
        lapse_outbox_id=uuid7() if opens_lapse else None,
    )
