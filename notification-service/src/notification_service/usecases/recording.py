"""Stores a dispatch with its messages, and makes the outbox messages that send them and open the lapse."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from shared_lib.ids import uuid7
from shared_lib.outbox import OutboxMessage
from sqlalchemy.orm import Session

from notification_service.domain.lapses import WaitingTime
from notification_service.domain.model import (
    Announcement,
    Audience,
    Channel,
    Contact,
    Context,
    Dispatch,
    Message,
    Organisation,
    Status,
)
from notification_service.domain.notice_rules import NOTICE_RULES, expires_at
from notification_service.domain.participants import (
    REPLACED,
    TOO_OLD,
    Participants,
    PlannedMessage,
    Recipient,
    involved_ids,
    is_coordinator_unreachable,
    participants_of,
    planned_messages,
    recipients_of,
    responsible,
)
from notification_service.domain.texts.model import RenderedText
from notification_service.store import contacts, dispatches

from .texts import Texts

log = structlog.get_logger(__name__)

MAIL = "mail"
PUSH = "push"
LAPSE = "lapse"
"""The kinds of outbox messages that are made here."""

KIND_OF_CHANNEL = {Channel.EMAIL: MAIL, Channel.PUSH: PUSH}


@dataclass(frozen=True, kw_only=True)
class Chased:
    """What makes a dispatch one about a lapse that waits: the dispatch that opened it, and who is told. What is queued
    of it is never turned to others: the plan has a notice for them.
    """

    dispatch_id: UUID
    recipients: tuple[Recipient, ...]
    waiting: WaitingTime


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
        chase: Chased | None = None,
        at: datetime,
    ) -> tuple[Dispatch, list[OutboxMessage]]:
        """Store the dispatch with a message per recipient and channel; returns the outbox messages to enqueue.

        The age of its messages counts from the fact: they are `expired` when that is too long ago. A lapse is opened
        all the same.
        """
        dispatch = _dispatch(announcement, participants, dispatch_id=dispatch_id, chase=chase, at=at)
        context, organisation = announcement.context, participants.organisation
        occurred_at = context.occurred_at if context and context.occurred_at else at
        expires = self._expires_at(announcement, organisation, at=occurred_at)
        everybody = recipients_of(announcement, participants, push_configured=self.push_configured)
        recipients = everybody if chase is None else chase.recipients
        planned = self._planned(dispatch, recipients, participants)
        if expires <= at:
            planned = [(replace(one, status=Status.EXPIRED, reason=one.reason or TOO_OLD), None) for one, _ in planned]
        messages = dispatches.add(session, dispatch, planned, natural_key=natural_key)
        dispatch = replace(dispatch, messages=messages)
        if is_coordinator_unreachable(dispatch):
            log.warning(
                "dispatch.coordinator_unreachable",
                coordinator_id=dispatch.coordinator_id,
                mentor_id=dispatch.mentor_id,
                organisation_id=dispatch.organisation_id,
            )
        self._add_to_inbox(session, dispatch, participants, waiting=chase.waiting if chase else None, at=at)
        opening = []
        if dispatch.lapse_outbox_id is not None:
            until, outbox_id = self._expires_at(announcement, organisation, at=at), dispatch.lapse_outbox_id
            opening.append(lapse_message(dispatch, outbox_id=outbox_id, expires=until))
        return dispatch, [*opening, *_outbox_messages(dispatch, expires)]

    def add_coordinator(self, session: Session, dispatch: Dispatch, *, at: datetime) -> list[OutboxMessage]:
        """Store messages to a coordinator who was found later; returns the outbox messages for the relays."""
        locked = contacts.lock(session, dispatch.mentor_id, organisation_id=dispatch.organisation_id)
        if locked is None:
            return []  # erased meanwhile
        mentor, organisation = locked
        announcement = Announcement(
            notice=dispatch.notice, mentor_id=dispatch.mentor_id, expiry_date=dispatch.expiry_date
        )
        expires = self._expires_at(announcement, organisation, at=at)
        return self.redirect(session, dispatch, mentor, organisation, expires=expires, at=at)

    def redirect(
        self,
        session: Session,
        dispatch: Dispatch,
        mentor: Contact,
        organisation: Organisation,
        *,
        expires: datetime | None,
        at: datetime,
    ) -> list[OutboxMessage]:
        """Turn the dispatch to those who are responsible by the mentor's contact; returns the outbox messages for them,
        which the relays deliver.

        What is queued for others in their place is skipped. A person who was notified already, in whatever role, is
        not notified again.
        """
        announcement = Announcement(notice=dispatch.notice, mentor_id=mentor.id)
        ids = involved_ids(announcement, mentor, organisation, person_id=None)
        known = contacts.find(session, ids, organisation_id=organisation.id)
        participants = participants_of(announcement, mentor, organisation, contacts=known, person_id=None)
        recipients = responsible(participants, dispatch.notice, push_configured=self.push_configured)
        self._skip_others(session, dispatch, recipients, at=at)
        dispatch = replace(dispatch, coordinator_id=participants.coordinator_id, contact_version=mentor.version)
        dispatches.save_coordinator(session, dispatch)
        earlier = {message.recipient_id for message in dispatch.messages}
        new = [recipient for recipient in recipients if recipient.id not in earlier]
        messages = dispatches.add_messages(session, dispatch, self._planned(dispatch, new, participants), at=at)
        added = replace(dispatch, messages=messages)
        self._add_to_inbox(session, added, participants, at=at)
        return [replace(message, due_at=at) for message in _outbox_messages(added, expires)]

    def _skip_others(
        self, session: Session, dispatch: Dispatch, recipients: Iterable[Recipient], *, at: datetime
    ) -> None:
        responsible_ids = {recipient.id for recipient in recipients}
        for message in dispatch.messages:
            is_theirs = message.audience in (Audience.COORDINATOR, Audience.ADMIN)
            if is_theirs and message.status is Status.QUEUED and message.recipient_id not in responsible_ids:
                dispatches.record_outcome(
                    session,
                    message.number,
                    Status.SKIPPED,
                    organisation_id=dispatch.organisation_id,
                    at=at,
                    reason=REPLACED,
                )

    def _expires_at(self, announcement: Announcement, organisation: Organisation, *, at: datetime) -> datetime:
        return expires_at(announcement, at=at, time_zone=organisation.time_zone, scale=self.time_scale)

    def _planned(
        self, dispatch: Dispatch, recipients: Iterable[Recipient], participants: Participants
    ) -> list[tuple[PlannedMessage, UUID | None]]:
        """Each message, with the id of its outbox message if it has one."""
        return [
            (message, uuid7() if message.status is Status.QUEUED else None)
            for recipient in recipients
            for message in planned_messages(
                recipient,
                participants.contacts.get(recipient.id),
                dispatch.notice,
                push_configured=self.push_configured,
            )
        ]

    def _add_to_inbox(
        self,
        session: Session,
        dispatch: Dispatch,
        participants: Participants,
        *,
        waiting: WaitingTime | None = None,
        at: datetime,
    ) -> None:
        for message in dispatch.messages:
            if message.status is Status.DELIVERED:
                text = self._inbox_text(dispatch, message, participants, waiting=waiting, at=at)
                dispatches.add_to_inbox(session, dispatch, message, text, at=at)

    def _inbox_text(
        self,
        dispatch: Dispatch,
        message: Message,
        participants: Participants,
        *,
        waiting: WaitingTime | None,
        at: datetime,
    ) -> RenderedText:
        """Without the coordinator's name: the text stays when their data are erased."""
        coordinator = participants.contacts.get(dispatch.coordinator_id or "")
        return self.texts.render(
            dispatch,
            message.audience,
            recipient=participants.contacts[message.recipient_id],
            mentor=participants.mentor,
            coordinator=replace(coordinator, name="") if coordinator else None,
            organisation=participants.organisation,
            waiting=waiting,
            at=at,
        )


def _outbox_messages(dispatch: Dispatch, expires: datetime | None) -> Iterator[OutboxMessage]:
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


def lapse_message(dispatch: Dispatch, *, outbox_id: UUID, expires: datetime | None = None) -> OutboxMessage:
    """Opens the lapse. News about the same mentor waits until that has ended."""
    return OutboxMessage(
        id=outbox_id,
        kind=LAPSE,
        payload={"dispatch": str(dispatch.id)},
        tenant=dispatch.organisation_id,
        ordering_key=lapse_order(dispatch.mentor_id),
        expires_at=expires,
    )


def lapse_order(mentor_id: str) -> str:
    """The ordering key of all that the acknowledgement service is told about a mentor."""
    return f"lapse/{mentor_id}"


def _dispatch(
    announcement: Announcement, participants: Participants, *, dispatch_id: UUID, chase: Chased | None, at: datetime
) -> Dispatch:
    organisation_id, coordinator_id = participants.organisation.id, participants.coordinator_id
    context = announcement.context
    if coordinator_id is None:
        log.warning("dispatch.without_coordinator", mentor_id=announcement.mentor_id, organisation_id=organisation_id)
    opens_lapse = NOTICE_RULES[announcement.notice].opens_lapse and coordinator_id is not None and chase is None
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
        effective_date=context.effective_date if context else None,
        contact_version=_contact_version(context, participants) if chase is None else None,
        acted_by=participants.acted_by,
        flags=context.flags if context else frozenset(),
        enrolled_for=context.enrolled_for if context else None,
        planned=context is not None and context.planned,
        lapse_outbox_id=uuid7() if opens_lapse else None,
        chased_dispatch_id=chase.dispatch_id if chase else None,
    )


def _contact_version(context: Context | None, participants: Participants) -> int | None:
    return context.contact_version if context else participants.mentor.version
