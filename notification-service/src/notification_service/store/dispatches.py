"""Dispatches with their messages, and what became of each message."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from notification_service.domain.model import (
    ActingPerson,
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
from notification_service.domain.notice_rules import NOTICE_RULES
from notification_service.domain.participants import PlannedMessage
from notification_service.domain.texts.model import RenderedText

from .contacts import contact_of, organisation_of
from .tables import ContactRow, DispatchRow, InboxRow, MessageRow, OrganisationRow, idempotency_key

_SAME_IN_BOTH = (
    "id",
    "organisation_id",
    "mentor_id",
    "coordinator_id",
    "created_at",
    "expected_return_date",
    "expiry_date",
    "days_remaining",
    "withdrawn_at",
    "lapse_outbox_id",
    "lapse_opened_at",
)
"""The members of `Dispatch` that are columns of the same name and type."""


@dataclass(frozen=True, kw_only=True)
class MessageToSend:
    """A message with what its text is made of. `dispatch` has no other messages here; people are None if unknown."""

    dispatch: Dispatch
    message: Message
    recipient: Contact | None
    mentor: Contact | None
    organisation: Organisation


def get(session: Session, dispatch_id: UUID, *, organisation_id: str | None) -> Dispatch:
    """The organisation's dispatch as it is stored now; with None, of any organisation (for an Idempotency-Key)."""
    query = _of_organisation(organisation_id).where(DispatchRow.id == dispatch_id)
    return _dispatch(session.scalars(query).unique().one())


def lock(session: Session, dispatch_id: UUID) -> Dispatch:
    """The dispatch, of whichever organisation, locked against other withdrawals until the transaction ends."""
    session.execute(select(DispatchRow.id).where(DispatchRow.id == dispatch_id).with_for_update(key_share=True))
    return get(session, dispatch_id, organisation_id=None)


def latest_id(session: Session, mentor_id: str, *, organisation_id: str) -> UUID | None:
    """The id of the mentor's newest dispatch. Called with the mentor locked."""
    query = select(DispatchRow.id).where(
        DispatchRow.mentor_id == mentor_id, DispatchRow.organisation_id == organisation_id
    )
    return session.scalar(query.order_by(DispatchRow.created_at.desc(), DispatchRow.id.desc()).limit(1))


def with_natural_key(session: Session, mentor_id: str, natural_key: str, *, organisation_id: str) -> Dispatch | None:
    """The mentor's dispatch that has this key and was not withdrawn."""
    query = _of_organisation(organisation_id).where(
        DispatchRow.mentor_id == mentor_id,
        DispatchRow.natural_key == natural_key,
        DispatchRow.withdrawn_at.is_(None),
    )
    row = session.scalars(query).unique().one_or_none()
    return _dispatch(row) if row is not None else None


def recent_duplicate(
    session: Session, announcement: Announcement, *, organisation_id: str, since: datetime
) -> Dispatch | None:
    """The latest dispatch since then with the same members, unless the opposite was announced after it."""
    notice, rule = announcement.notice, NOTICE_RULES[announcement.notice].natural_key
    query = (
        _of_organisation(organisation_id)
        .where(
            DispatchRow.mentor_id == announcement.mentor_id,
            DispatchRow.notice.in_([notice, *([rule.opposite] if rule.opposite else [])]),
            DispatchRow.created_at >= since,
            DispatchRow.withdrawn_at.is_(None),
        )
        .order_by(DispatchRow.created_at.desc(), DispatchRow.id.desc())
    )
    for row in session.scalars(query).unique():
        if row.notice != notice:
            return None
        if all(getattr(row, name) == getattr(announcement, name) for name in rule.members):
            return _dispatch(row)
    return None


def under_key(session: Session, *, caller: str, operations: Collection[str], key: str) -> UUID | None:
    """The id of the dispatch that a caller's Idempotency-Key stands for."""
    columns = idempotency_key.c
    found = session.scalar(
        select(columns.resource_id).where(
            columns.caller == caller, columns.operation.in_(operations), columns.key == key
        )
    )
    return UUID(found) if found else None


def add(
    session: Session, dispatch: Dispatch, planned: Sequence[tuple[PlannedMessage, UUID | None]], *, natural_key: str
) -> tuple[Message, ...]:
    """Store a dispatch with a message for each plan, in this order, and the id of its outbox message if there is one.

    Returns the messages with the numbers that the database gave them.
    """
    row = DispatchRow(
        **{name: getattr(dispatch, name) for name in _SAME_IN_BOTH},
        notice=dispatch.notice,
        natural_key=natural_key,
        acted_by_id=dispatch.acted_by.id if dispatch.acted_by else None,
        acted_by_name=dispatch.acted_by.name if dispatch.acted_by else None,
        messages=[_message_row(dispatch, message, outbox_id) for message, outbox_id in planned],
    )
    session.add(row)
    session.flush()
    return tuple(_message(message) for message in row.messages)


def add_to_inbox(session: Session, dispatch: Dispatch, message: Message, text: RenderedText) -> None:
    """Store the text in the recipient's inbox: the message is delivered when this transaction commits."""
    session.add(
        InboxRow(
            message_number=message.number,
            organisation_id=dispatch.organisation_id,
            recipient_id=message.recipient_id,
            title=text.title,
            body="\n\n".join(text.paragraphs),
            link=text.link,
            created_at=dispatch.created_at,
        )
    )


def message_to_send(session: Session, number: int, *, organisation_id: str) -> MessageToSend | None:
    """None when the message was removed."""
    recipient, mentor = aliased(ContactRow), aliased(ContactRow)
    query = (
        select(MessageRow, DispatchRow, recipient, mentor, OrganisationRow)
        .join(DispatchRow, DispatchRow.id == MessageRow.dispatch_id)
        .outerjoin(recipient, _is_contact(recipient, MessageRow.recipient_id))
        .outerjoin(mentor, _is_contact(mentor, DispatchRow.mentor_id))
        .outerjoin(OrganisationRow, OrganisationRow.id == MessageRow.organisation_id)
        .where(MessageRow.number == number, MessageRow.organisation_id == organisation_id)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    message_row, dispatch_row, recipient_row, mentor_row, organisation_row = found
    message = _message(message_row)
    return MessageToSend(
        dispatch=_dispatch(dispatch_row, (message,)),
        message=message,
        recipient=contact_of(recipient_row) if recipient_row is not None else None,
        mentor=contact_of(mentor_row) if mentor_row is not None else None,
        organisation=organisation_of(organisation_row, organisation_id),
    )


def record_outcome(
    session: Session, number: int, status: Status, *, organisation_id: str, at: datetime, reason: str | None = None
) -> None:
    """Store the final status of a message. One that is sent or delivered stays so."""
    session.execute(
        update(MessageRow)
        .where(
            MessageRow.number == number,
            MessageRow.organisation_id == organisation_id,
            MessageRow.status.not_in([Status.SENT, Status.DELIVERED]),
        )
        .values(status=status, reason=reason, ended_at=at)
    )


def record_lapse_opened(session: Session, dispatch_id: UUID, *, organisation_id: str, at: datetime) -> None:
    """Store when the lapse was opened; the first time counts."""
    own = and_(DispatchRow.id == dispatch_id, DispatchRow.organisation_id == organisation_id)
    session.execute(update(DispatchRow).where(own, DispatchRow.lapse_opened_at.is_(None)).values(lapse_opened_at=at))


def withdraw(session: Session, dispatch: Dispatch, *, at: datetime) -> None:
    """Mark it as withdrawn: the same announcement is no duplicate of it any more."""
    own = and_(DispatchRow.id == dispatch.id, DispatchRow.organisation_id == dispatch.organisation_id)
    session.execute(update(DispatchRow).where(own).values(withdrawn_at=at))


def _of_organisation(organisation_id: str | None) -> Select[DispatchRow]:
    query = select(DispatchRow).options(joinedload(DispatchRow.messages)).execution_options(populate_existing=True)
    return query if organisation_id is None else query.where(DispatchRow.organisation_id == organisation_id)


def _is_contact(contact: type[ContactRow], contact_id: Any) -> ColumnElement[bool]:
    return and_(contact.id == contact_id, contact.organisation_id == MessageRow.organisation_id)


def _message_row(dispatch: Dispatch, planned: PlannedMessage, outbox_id: UUID | None) -> MessageRow:
    return MessageRow(
        organisation_id=dispatch.organisation_id,
        recipient_id=planned.recipient.id,
        audience=planned.recipient.audience,
        channel=planned.channel,
        status=planned.status,
        reason=planned.reason,
        outbox_id=outbox_id,
        created_at=dispatch.created_at,
        ended_at=None if planned.status is Status.QUEUED else dispatch.created_at,
    )


def _dispatch(row: DispatchRow, messages: tuple[Message, ...] | None = None) -> Dispatch:
    return Dispatch(
        **{name: getattr(row, name) for name in _SAME_IN_BOTH},
        notice=Notice(row.notice),
        acted_by=ActingPerson(id=row.acted_by_id, name=row.acted_by_name or "") if row.acted_by_id else None,
        messages=tuple(_message(message) for message in row.messages) if messages is None else messages,
    )


def _message(row: MessageRow) -> Message:
    return Message(
        number=row.number,
        recipient_id=row.recipient_id,
        audience=Audience(row.audience),
        channel=Channel(row.channel),
        status=Status(row.status),
        reason=row.reason,
        outbox_id=row.outbox_id,
    )
