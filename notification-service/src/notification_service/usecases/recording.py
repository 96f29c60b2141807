"""Stores a dispatch with its messages, and makes the outbox messages that send them and open the lapse."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared_lib.ids import uuid7
from shared_lib.outbox import OutboxMessage
from sqlalchemy.orm import Session

from notification_service.domain.model import (
    Announcement,
    Audience,
    Channel,
    Contact,
    Dispatch,
    Message,
    Notice,
    Organisation,
    Status,
)
from notification_service.domain.notice_rules import NOTICE_RULES, expires_at
from notification_service.domain.participants import (
    Participants,
    PlannedMessage,
    Recipient,
    is_coordinator_unreachable,
    planned_messages,
    recipients_of,
)
from notification_service.store import contacts, dispatches

from .deliveries import MAIL, PUSH
from .texts import Texts

log = structlog.get_logger(__name__)

LAPSE = "lapse"
KIND_OF_CHANNEL = {Channel.EMAIL: MAIL, Channel.PUSH: PUSH}


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """Works in the transaction of the announcement, with the mentor locked. Commits nothing and enqueues nothing."""

    texts: Texts
    push_configured: bool = False
    time_scale: float = 1.0

    def record(
        self,
        session: Session,
        announcement: Announcement,
        participants: Participants,
        *,
        dispatch_id: UUID,
        natural_key: str,
        at: datetime,
    ) -> tuple[Dispatch, list[OutboxMessage]]:
        """Store the dispatch with a message per recipient and channel; returns the outbox messages to enqueue."""
        planned = [
            message
            for recipient in recipients_of(announcement, participants, push_configured=self.push_configured)
            for message in self._planned(recipient, participants.contacts.get(recipient.id), announcement.notice)
        ]
        dispatch = _dispatch(announcement, participants, dispatch_id=dispatch_id, at=at)
        messages = dispatches.add(session, dispatch, planned, natural_key=natural_key)
        dispatch = replace(dispatch, messages=messages)
        if is_coordinator_unreachable(dispatch):
            log.warning(
                "dispatch.coordinator_unreachable",
                coordinator_id=dispatch.coordinator_id,
                mentor_id=dispatch.mentor_id,
                organisation_id=dispatch.organisation_id,
            )
        self._add_to_inbox(session, dispatch, participants)
        expires = self._expires_at(announcement.notice, participants.organisation, at=at)
        opening = []
        if dispatch.lapse_outbox_id is not None and dispatch.coordinator_id is not None:
            opening.append(
                lapse_message(dispatch, dispatch.coordinator_id, outbox_id=dispatch.lapse_outbox_id, expires=expires)
            )
        return dispatch, [*opening, *_outbox_messages(dispatch, expires)]

    def add_coordinator(
        self, session: Session, dispatch: Dispatch, coordinator_id: str, *, at: datetime
    ) -> list[OutboxMessage]:
        """Store messages to a coordinator who was found later; returns the outbox messages, which the relays deliver.

        A person who was told already, in whatever role, is not told again on the same channel.
        """
        locked = contacts.lock(session, dispatch.mentor_id, organisation_id=dispatch.organisation_id)
        if locked is None:
            return []  # erased meanwhile
        mentor, organisation = locked
        known = {**contacts.find(session, [coordinator_id], organisation_id=organisation.id), mentor.id: mentor}
        recipient = Recipient(id=coordinator_id, audience=Audience.COORDINATOR)
        earlier = {(message.recipient_id, message.channel) for message in dispatch.messages}
        planned = [
            (message, outbox_id)
            for message, outbox_id in self._planned(recipient, known.get(coordinator_id), dispatch.notice)
            if (coordinator_id, message.channel) not in earlier
        ]
        added = replace(dispatch, messages=dispatches.add_messages(session, dispatch, planned, at=at))
        participants = Participants(mentor=mentor, organisation=organisation, contacts=known)
        self._add_to_inbox(session, added, participants)
        expires = self._expires_at(dispatch.notice, organisation, at=at)
        return [replace(message, due_at=at) for message in _outbox_messages(added, expires)]

    def _expires_at(self, notice: Notice, organisation: Organisation, *, at: datetime) -> datetime:
        return expires_at(notice, at=at, time_zone=organisation.time_zone, scale=self.time_scale)

    def _planned(
        self, recipient: Recipient, contact: Contact | None, notice: Notice
    ) -> Iterator[tuple[PlannedMessage, UUID | None]]:
        for message in planned_messages(recipient, contact, notice, push_configured=self.push_configured):
            yield message, uuid7() if message.status is Status.QUEUED else None

    def _add_to_inbox(self, session: Session, dispatch: Dispatch, participants: Participants) -> None:
        for message in dispatch.messages:
            if message.status is Status.DELIVERED:
                self._add_one_to_inbox(session, dispatch, message, participants)

    def _add_one_to_inbox(
        self, session: Session, dispatch: Dispatch, message: Message, participants: Participants
    ) -> None:
        """Without the coordinator's name: the text stays when their data are erased."""
        coordinator = participants.contacts.get(dispatch.coordinator_id or "")
        text = self.texts.render(
            dispatch,
            message.audience,
            recipient=participants.contacts[message.recipient_id],
            mentor=participants.mentor,
            coordinator=replace(coordinator, name="") if coordinator else None,
            organisation=participants.organisation,
        )
        dispatches.add_to_inbox(session, dispatch, message, text)


def _outbox_messages(dispatch: Dispatch, expires: datetime) -> Iterator[OutboxMessage]:
    """Messages about one mentor reach a person on one channel in the order of their dispatches.

    They never wait for those about another mentor: a coordinator may have two hundred.
    """
    for message in dispatch.messages:
        if message.outbox_id is not None:
            yield OutboxMessage(
                id=message.outbox_id,
                kind=KIND_OF_CHANNEL[message.channel],
                payload={"message": message.number},
                tenant=dispatch.organisation_id,
                ordering_key=f"{dispatch.mentor_id}/{message.recipient_id}/{message.channel}",
                expires_at=expires,
            )


def lapse_message(
    dispatch: Dispatch, coordinator_id: str, *, outbox_id: UUID, expires: datetime | None = None
) -> OutboxMessage:
    """Opens the lapse. News about the same mentor waits until that has ended."""
    return OutboxMessage(
        id=outbox_id,
        kind=LAPSE,
        payload={"dispatch": str(dispatch.id), "coordinator": coordinator_id},
        tenant=dispatch.organisation_id,
        ordering_key=lapse_order(dispatch.mentor_id),
        expires_at=expires,
    )


def lapse_order(mentor_id: str) -> str:
    """The ordering key of all that the acknowledgement service is told about a mentor."""
    return f"lapse/{mentor_id}"


def _dispatch(announcement: Announcement, participants: Participants, *, dispatch_id: UUID, at: datetime) -> Dispatch:
    organisation_id, coordinator_id = participants.organisation.id, participants.coordinator_id
    if coordinator_id is None:
        log.warning("dispatch.without_coordinator", mentor_id=announcement.mentor_id, organisation_id=organisation_id)
    opens_lapse = NOTICE_RULES[announcement.notice].opens_lapse and coordinator_id is not None
    return Dispatch(
        id=dispatch_id,
        organisation_id=organisation_id,
        notice=announcement.notice,
        mentor_id=announcement.mentor_id,
        coordinator_id=coordinator_id,
        created_at=at,
        messages=(),
        expected_return_date=announcement.expected_return_date,
        expiry_date=announcement.expiry_date,
        days_remaining=announcement.days_remaining,
        acted_by=participants.acted_by,
        lapse_outbox_id=uuid7() if opens_lapse else None,
    )
