"""Dispatches with their messages, and what became of each message."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, insert, select, update
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


# Statements are built once: building one takes longer than PostgreSQL needs for it.
_DISPATCH = select(DispatchRow).options(joinedload(DispatchRow.messages)).execution_options(populate_existing=True)
_NEWEST_FIRST = (DispatchRow.created_at.desc(), DispatchRow.id.desc())
_IS_OWN = DispatchRow.organisation_id == bindparam("organisation_id")
_OF_MENTOR = and_(DispatchRow.mentor_id == bindparam("mentor_id"), _IS_OWN)
_BY_ID = _DISPATCH.where(DispatchRow.id == bindparam("dispatch_id"))
_OWN_BY_ID = _BY_ID.where(_IS_OWN)
_LOCKED_BY_ID = select(DispatchRow.id).where(DispatchRow.id == bindparam("dispatch_id")).with_for_update(key_share=True)
_LATEST_ID = select(DispatchRow.id).where(_OF_MENTOR).order_by(*_NEWEST_FIRST).limit(1)
_BY_NATURAL_KEY = _DISPATCH.where(
    _OF_MENTOR, DispatchRow.natural_key == bindparam("natural_key"), DispatchRow.withdrawn_at.is_(None)
)
_RECENT = _DISPATCH.where(
    _OF_MENTOR,
    DispatchRow.notice.in_(bindparam("notices", expanding=True)),
    DispatchRow.created_at >= bindparam("since"),
    DispatchRow.withdrawn_at.is_(None),
).order_by(*_NEWEST_FIRST)


def get(session: Session, dispatch_id: UUID, *, organisation_id: str | None) -> Dispatch:
    """The organisation's dispatch as it is stored now; with None, of any organisation (for an Idempotency-Key)."""
    query = _BY_ID if organisation_id is None else _OWN_BY_ID
    values = {"dispatch_id": dispatch_id, "organisation_id": organisation_id}
    return _dispatch(session.scalars(query, values).unique().one())


def lock(session: Session, dispatch_id: UUID) -> Dispatch:
    """The dispatch, of whichever organisation, locked against other withdrawals until the transaction ends."""
    session.execute(_LOCKED_BY_ID, {"dispatch_id": dispatch_id})
    return get(session, dispatch_id, organisation_id=None)


def latest_id(session: Session, mentor_id: str, *, organisation_id: str) -> UUID | None:
    """The id of the mentor's newest dispatch. Called with the mentor locked."""
    return session.scalar(_LATEST_ID, {"mentor_id": mentor_id, "organisation_id": organisation_id})


def with_natural_key(session: Session, mentor_id: str, natural_key: str, *, organisation_id: str) -> Dispatch | None:
    """The mentor's dispatch that has this key and was not withdrawn."""
    values = {"mentor_id": mentor_id, "natural_key": natural_key, "organisation_id": organisation_id}
    row = session.scalars(_BY_NATURAL_KEY, values).unique().one_or_none()
    return _dispatch(row) if row is not None else None


def recent_duplicate(
    session: Session, announcement: Announcement, *, organisation_id: str, since: datetime
) -> Dispatch | None:
    """The latest dispatch since then with the same members, unless the opposite was announced after it."""
    notice, rule = announcement.notice, NOTICE_RULES[announcement.notice].natural_key
    values = {
        "mentor_id": announcement.mentor_id,
        "notices": [notice, *([rule.opposite] if rule.opposite else [])],
        "since": since,
        "organisation_id": organisation_id,
    }
    for row in session.scalars(_RECENT, values).unique():
        if row.notice != notice:
            return None
        if all(getattr(row, name) == getattr(announcement, name) for name in rule.members):
            return _dispatch(row)
    return None


def under_key(session: Session, *, caller: str, operations: Collection[str], key: str) -> UUID | None:
    """The id of the dispatch that a caller's Idempotency-Key stands for."""
    columns = idempotency_key.c
    query = select(columns.resource_id).where(
        columns.principal == caller, columns.operation.in_(operations), columns.key == key
    )
    found = session.scalar(query)
    return UUID(found) if found else None


_ADD = insert(DispatchRow)
_ADD_MESSAGES = insert(MessageRow).returning(MessageRow, sort_by_parameter_order=True)


def add(
    session: Session, dispatch: Dispatch, planned: Sequence[tuple[PlannedMessage, UUID | None]], *, natural_key: str
) -> tuple[Message, ...]:
    """Store a dispatch with a message for each plan, in this order, and the id of its outbox message if there is one.

    Returns the messages with the numbers that the database gave them.
    """
    values = {
        **{name: getattr(dispatch, name) for name in _SAME_IN_BOTH},
        "notice": dispatch.notice,
        "natural_key": natural_key,
        "acted_by_id": dispatch.acted_by.id if dispatch.acted_by else None,
        "acted_by_name": dispatch.acted_by.name if dispatch.acted_by else None,
    }
    session.execute(_ADD, [values])
    rows = [_message_values(dispatch, message, outbox_id) for message, outbox_id in planned]
    return tuple(_message(row) for row in session.scalars(_ADD_MESSAGES, rows)) if rows else ()


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


_RECIPIENT, _MENTOR = aliased(ContactRow), aliased(ContactRow)
_MESSAGE_TO_SEND = (
    select(MessageRow, DispatchRow, _RECIPIENT, _MENTOR, OrganisationRow)
    .join(DispatchRow, DispatchRow.id == MessageRow.dispatch_id)
    .outerjoin(
        _RECIPIENT,
        and_(_RECIPIENT.id == MessageRow.recipient_id, _RECIPIENT.organisation_id == MessageRow.organisation_id),
    )
    .outerjoin(
        _MENTOR, and_(_MENTOR.id == DispatchRow.mentor_id, _MENTOR.organisation_id == MessageRow.organisation_id)
    )
    .outerjoin(OrganisationRow, OrganisationRow.id == MessageRow.organisation_id)
    .where(MessageRow.number == bindparam("number"), MessageRow.organisation_id == bindparam("organisation_id"))
)


def message_to_send(session: Session, number: int, *, organisation_id: str) -> MessageToSend | None:
    """None when the message was removed."""
    values = {"number": number, "organisation_id": organisation_id}
    found = session.execute(_MESSAGE_TO_SEND, values).one_or_none()
    if found is None:
        return None
    message_row, dispatch_row, recipient, mentor, organisation = found
    message = _message(message_row)
    return MessageToSend(
        dispatch=_dispatch(dispatch_row, (message,)),
        message=message,
        recipient=contact_of(recipient) if recipient is not None else None,
        mentor=contact_of(mentor) if mentor is not None else None,
        organisation=organisation_of(organisation, organisation_id),
    )


_RECORD_OUTCOME = (
    update(MessageRow)
    .where(
        MessageRow.number == bindparam("message_number"),
        MessageRow.organisation_id == bindparam("own"),
        MessageRow.status.not_in([Status.SENT, Status.DELIVERED]),
    )
    .values(status=bindparam("status"), reason=bindparam("reason"), ended_at=bindparam("at"))
    .execution_options(synchronize_session=False)
)
_RECORD_LAPSE_OPENED = (
    update(DispatchRow)
    .where(
        DispatchRow.id == bindparam("dispatch_id"),
        DispatchRow.organisation_id == bindparam("own"),
        DispatchRow.lapse_opened_at.is_(None),
    )
    .values(lapse_opened_at=bindparam("at"))
    .execution_options(synchronize_session=False)
)


def record_outcome(
    session: Session, number: int, status: Status, *, organisation_id: str, at: datetime, reason: str | None = None
) -> None:
    """Store the final status of a message. One that is sent or delivered stays so."""
    values = {"message_number": number, "own": organisation_id, "status": status, "reason": reason, "at": at}
    session.execute(_RECORD_OUTCOME, values)


def record_lapse_opened(session: Session, dispatch_id: UUID, *, organisation_id: str, at: datetime) -> None:
    """Store when the lapse was opened; the first time counts."""
    session.execute(_RECORD_LAPSE_OPENED, {"dispatch_id": dispatch_id, "own": organisation_id, "at": at})


def withdraw(session: Session, dispatch: Dispatch, *, at: datetime) -> None:
    """Mark it as withdrawn: the same announcement is no duplicate of it any more."""
    own = and_(DispatchRow.id == dispatch.id, DispatchRow.organisation_id == dispatch.organisation_id)
    session.execute(update(DispatchRow).where(own).values(withdrawn_at=at))


def _message_values(dispatch: Dispatch, planned: PlannedMessage, outbox_id: UUID | None) -> dict[str, object]:
    return {
        "dispatch_id": dispatch.id,
        "organisation_id": dispatch.organisation_id,
        "recipient_id": planned.recipient.id,
        "audience": planned.recipient.audience,
        "channel": planned.channel,
        "status": planned.status,
        "reason": planned.reason,
        "outbox_id": outbox_id,
        "created_at": dispatch.created_at,
        "ended_at": None if planned.status is Status.QUEUED else dispatch.created_at,
    }


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
