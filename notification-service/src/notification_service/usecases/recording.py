"""Stores a dispatch with its messages, and makes the outbox messages that send them and open the lapse."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared_lib.ids import uuid7
from shared_lib.outbox import OutboxMessage
from sqlalchemy.orm import Session

from notification_service.domain.model import Announcement, Channel, Dispatch, Message, Status
from notification_service.domain.notice_rules import NOTICE_RULES, expires_at
from notification_service.domain.participants import (
    Participants,
    is_coordinator_unreachable,
    planned_messages,
    recipients_of,
)
from notification_service.store import dispatches

from .deliveries import LAPSE, MAIL, PUSH
from .texts import Texts

log = structlog.get_logger(__name__)

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
            (message, uuid7() if message.status is Status.QUEUED else None)
            for recipient in recipients_of(announcement, participants, push_configured=self.push_configured)
            for message in planned_messages(
                recipient,
                participants.contacts.get(recipient.id),
                announcement.notice,
                push_configured=self.push_configured,
            )
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
        for message in messages:
            if message.status is Status.DELIVERED:
                self._add_to_inbox(session, dispatch, message, participants)
        zone = participants.organisation.time_zone
        expires = expires_at(announcement.notice, at=at, time_zone=zone, scale=self.time_scale)
        return dispatch, list(_outbox_messages(dispatch, expires))

    def _add_to_inbox(self, session: Session, dispatch: Dispatch, message: Message, participants: Participants) -> None:
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
    tenant = dispatch.organisation_id
    if dispatch.lapse_outbox_id is not None and dispatch.expiry_date is not None:
        payload = {
            "dispatch": str(dispatch.id),
            "coordinator": dispatch.coordinator_id,
            "mentor": dispatch.mentor_id,
            "expiry_date": dispatch.expiry_date.isoformat(),
        }
        yield OutboxMessage(id=dispatch.lapse_outbox_id, kind=LAPSE, payload=payload, tenant=tenant, expires_at=expires)
    for message in dispatch.messages:
        if message.outbox_id is not None:
            yield OutboxMessage(
                id=message.outbox_id,
                kind=KIND_OF_CHANNEL[message.channel],
                payload={"message": message.number},
                tenant=tenant,
                ordering_key=f"{dispatch.mentor_id}/{message.recipient_id}/{message.channel}",
                expires_at=expires,
            )


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
