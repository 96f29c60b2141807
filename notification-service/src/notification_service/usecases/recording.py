"""Writes a dispatch down: its messages, and the promises to send them and to open the lapse."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from shared_lib.ids import uuid7
from shared_lib.outbox import OutboxMessage
from sqlalchemy.orm import Session

from notification_service.domain.case import Case
from notification_service.domain.model import Contact, Dispatch, Message, Status
from notification_service.domain.notice_rules import NOTICE_RULES, worth_telling_until
from notification_service.domain.recipients import recipients_of
from notification_service.domain.routing import rows_for
from notification_service.store import dispatches, inbox
from notification_service.store.messages import Addressed

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

    def record(
        self, session: Session, case: Case, people: Mapping[str, Contact], *, dispatch_id: UUID, natural_key: str
    ) -> tuple[Dispatch, list[OutboxMessage]]:
        """Store the dispatch with a message per recipient and channel."""
        rows = [
            (row, uuid7() if row.status is Status.QUEUED else None)
            for recipient in recipients_of(case)
            for row in rows_for(recipient, people.get(recipient.id), case.notice, push_configured=self.push_configured)
        ]
        dispatch = _dispatch(case, dispatch_id)
        messages = dispatches.add(session, dispatch, rows, natural_key=natural_key)
        dispatch = replace(dispatch, messages=messages)
        for message in messages:
            if message.status is Status.DELIVERED:
                self._put_into_inbox(session, case, dispatch, message, people[message.recipient_id])
        sending = [
            self._sending(case, _addressed(case, dispatch, message, people), message.outbox_id)
            for message in messages
            if message.outbox_id
        ]
        return dispatch, self._lapse(case, dispatch) + sending

    def _put_into_inbox(
        self, session: Session, case: Case, dispatch: Dispatch, message: Message, recipient: Contact
    ) -> None:
        letter = self.letters.write(
            dispatch, message.audience, recipient=recipient, mentor=case.mentor, organisation=case.organisation
        )
        inbox.add(session, dispatch, message, letter)

    def _sending(self, case: Case, addressed: Addressed, outbox_id: UUID) -> OutboxMessage:
        """What is told about one mentor reaches a person on one channel in the order it was made.

        News of one mentor never waits for another's (DESIGN section 3): a coordinator may have two hundred of them.
        """
        message = addressed.message
        return OutboxMessage(
            id=outbox_id,
            kind=KIND_OF_CHANNEL[message.channel],
            payload={"message": message.number},
            tenant=case.organisation.id,
            ordering_key=f"{case.mentor.id}/{message.recipient_id}/{message.channel}",
            expires_at=worth_telling_until(case, scale=self.scale),
            known=addressed,
        )

    def _lapse(self, case: Case, dispatch: Dispatch) -> list[OutboxMessage]:
        if dispatch.lapse_outbox_id is None:
            return []
        return [
            OutboxMessage(
                id=dispatch.lapse_outbox_id,
                kind=LAPSE,
                payload={"dispatch": str(dispatch.id)},
                tenant=case.organisation.id,
                expires_at=worth_telling_until(case, scale=self.scale),
                known=dispatch,
            )
        ]


def _addressed(case: Case, dispatch: Dispatch, message: Message, people: Mapping[str, Contact]) -> Addressed:
    """As `messages.addressed` would read it."""
    return Addressed(
        dispatch=dispatch,
        message=message,
        recipient=people.get(message.recipient_id),
        mentor=case.mentor,
        organisation=case.organisation,
    )


def _dispatch(case: Case, dispatch_id: UUID) -> Dispatch:
    announcement = case.announcement
    opens_lapse = NOTICE_RULES[case.notice].opens_lapse and case.coordinator_id is not None
    if case.coordinator_id is None:
        log.warning("dispatch.without_coordinator", mentor_id=case.mentor.id, organisation_id=case.organisation.id)
    return Dispatch(
        id=dispatch_id,
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
