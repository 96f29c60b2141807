"""Dispatches with their messages, and what became of each message."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from shared_lib.idempotency import KEYS
from sqlalchemy import ARRAY, Row, Text, and_, any_, bindparam, insert, select, update
from sqlalchemy.orm import Session

from notification_service.domain.model import (
    ActingPerson,
    Announcement,
    Audience,
    Channel,
    Contact,
    Context,
    Dispatch,
    Flag,
    Message,
    Notice,
    Organisation,
    Status,
)
from notification_service.domain.notice_rules import NOTICE_RULES
from notification_service.domain.participants import PlannedMessage
from notification_service.domain.texts.model import RenderedText

from .contacts import CONTACT_WIDTH, contact_columns, contact_of, organisation_columns, organisation_of
from .tables import Base, DispatchRow, InboxRow

_SAME_IN_BOTH = (
    "id",
    "organisation_id",
    "mentor_id",
    "coordinator_id",
    "created_at",
    "expected_return_date",
    "expiry_date",
    "days_remaining",
    "effective_date",
    "contact_version",
    "enrolled_for",
    "planned",
    "withdrawn_at",
    "lapse_outbox_id",
    "lapse_opened_at",
    "chased_dispatch_id",
)
"""The members of `Dispatch` that are columns of the same name and type."""


@dataclass(frozen=True, kw_only=True)
class MessageToSend:
    """A message with what its text is made of. `dispatch` has no other messages here; people are None if unknown."""

    dispatch: Dispatch
    message: Message
    recipient: Contact | None
    mentor: Contact | None
    coordinator: Contact | None
    organisation: Organisation


# Statements are built once: building one takes longer than PostgreSQL needs for it.
_DISPATCH_TABLE, _MESSAGE_TABLE = Base.metadata.tables["dispatch"], Base.metadata.tables["message"]
_D, _M = _DISPATCH_TABLE.c, _MESSAGE_TABLE.c
_DISPATCH_COLUMNS = [_D[name] for name in (*_SAME_IN_BOTH, "notice", "acted_by_id", "acted_by_name", "flags")]
_MESSAGE_COLUMNS = [_M[field.name] for field in fields(Message)]
_DISPATCH_WIDTH, _MESSAGE_WIDTH = len(_DISPATCH_COLUMNS), len(_MESSAGE_COLUMNS)

_DISPATCH = (
    select(*_DISPATCH_COLUMNS, *_MESSAGE_COLUMNS)
    .outerjoin_from(_DISPATCH_TABLE, _MESSAGE_TABLE, _M.dispatch_id == _D.id)
    .order_by(_D.number.desc(), _M.number)
)
"""Newest first; a row for each message."""
_IS_OWN = _D.organisation_id == bindparam("organisation_id")
_OF_MENTOR = and_(_D.mentor_id == bindparam("mentor_id"), _IS_OWN)
_BY_ID = _DISPATCH.where(_D.id == bindparam("dispatch_id"))
_OWN_BY_ID = _BY_ID.where(_IS_OWN)
_LOCKED_BY_ID = select(_D.id).where(_D.id == bindparam("dispatch_id")).with_for_update(key_share=True)
_LATEST_ID = select(_D.id).where(_OF_MENTOR).order_by(_D.number.desc()).limit(1)
_BY_NATURAL_KEY = _DISPATCH.where(
    _OF_MENTOR, _D.natural_key.like(any_(bindparam("patterns", type_=ARRAY(Text)))), _D.withdrawn_at.is_(None)
)
_OF_NOTICES = (_OF_MENTOR, _D.notice.in_(bindparam("notices", expanding=True)), _D.withdrawn_at.is_(None))
_NEWEST = select(_D.id, _D.notice, _D.effective_date).where(*_OF_NOTICES)
_NEWEST = _NEWEST.order_by(_D.number.desc()).limit(1)
_RECENT = _DISPATCH.where(*_OF_NOTICES, _D.created_at >= bindparam("since"))


def get(session: Session, dispatch_id: UUID, *, organisation_id: str | None) -> Dispatch:
    """The organisation's dispatch as it is stored now; with None, of any organisation (for an Idempotency-Key)."""
    query = _BY_ID if organisation_id is None else _OWN_BY_ID
    values = {"dispatch_id": dispatch_id, "organisation_id": organisation_id}
    [found] = _dispatches(session.execute(query, values).all())
    return found


def lock(session: Session, dispatch_id: UUID) -> Dispatch:
    """The dispatch, of whichever organisation, locked against other withdrawals until the transaction ends."""
    session.execute(_LOCKED_BY_ID, {"dispatch_id": dispatch_id})
    return get(session, dispatch_id, organisation_id=None)


def latest_id(session: Session, mentor_id: str, *, organisation_id: str) -> UUID | None:
    """The id of the mentor's newest dispatch. Called with the mentor locked."""
    return session.scalar(_LATEST_ID, {"mentor_id": mentor_id, "organisation_id": organisation_id})


def with_natural_key(
    session: Session, mentor_id: str, patterns: Sequence[str], *, organisation_id: str
) -> Dispatch | None:
    """The mentor's newest dispatch whose key is like one of these and that was not withdrawn."""
    values = {"mentor_id": mentor_id, "patterns": patterns, "organisation_id": organisation_id}
    return next(iter(_dispatches(session.execute(_BY_NATURAL_KEY, values).all())), None)


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
    for found in _dispatches(session.execute(_RECENT, values).all()):
        if found.notice != notice:
            return None
        if all(getattr(found, name) == getattr(announcement, name) for name in rule.members):
            return found
    return None


def of_event(
    session: Session, announcement: Announcement, context: Context, *, organisation_id: str
) -> Dispatch | None:
    """The dispatch about the same pause event, unless the opposite was announced after it."""
    notice, opposite = announcement.notice, NOTICE_RULES[announcement.notice].natural_key.opposite
    values = {"mentor_id": announcement.mentor_id, "notices": [notice, opposite], "organisation_id": organisation_id}
    found = session.execute(_NEWEST, values).one_or_none()
    if found is None or found.effective_date is None or (notice, context.effective_date) != tuple(found[1:]):
        return None
    return get(session, found.id, organisation_id=organisation_id)


def under_key(session: Session, *, caller: str, operations: Collection[str], key: str) -> UUID | None:
    """The id of the dispatch that a caller's Idempotency-Key stands for."""
    own = KEYS.c
    query = select(own.resource_id).where(own.principal == caller, own.operation.in_(operations), own.key == key)
    found = session.scalar(query)
    return UUID(found) if found else None


_ADD = insert(_DISPATCH_TABLE)
_ADD_MESSAGES = insert(_MESSAGE_TABLE).returning(*_MESSAGE_COLUMNS, sort_by_parameter_order=True)


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
        "flags": sorted(dispatch.flags),
        "lapse_coordinator_id": dispatch.coordinator_id,
        "lapse_opened_for": dispatch.coordinator_id if dispatch.lapse_outbox_id else None,
    }
    session.execute(_ADD, values)
    return add_messages(session, dispatch, planned, at=dispatch.created_at)


def add_messages(
    session: Session, dispatch: Dispatch, planned: Sequence[tuple[PlannedMessage, UUID | None]], *, at: datetime
) -> tuple[Message, ...]:
    """Store further messages of a stored dispatch; returns them with their numbers."""
    rows = [_message_values(dispatch, message, outbox_id, at=at) for message, outbox_id in planned]
    return tuple(_message(row) for row in session.execute(_ADD_MESSAGES, rows)) if rows else ()


def add_to_inbox(session: Session, dispatch: Dispatch, message: Message, text: RenderedText, *, at: datetime) -> None:
    """Store the text in the recipient's inbox: the message is delivered when this transaction commits."""
    session.add(
        InboxRow(
            message_number=message.number,
            organisation_id=dispatch.organisation_id,
            recipient_id=message.recipient_id,
            title=text.title,
            body="\n\n".join(text.paragraphs),
            link=text.link,
            created_at=at,
        )
    )


_RECIPIENT, _MENTOR, _COORDINATOR = (
    Base.metadata.tables["contact"].alias(name) for name in ("recipient", "mentor", "coordinator")
)
_ORGANISATION = Base.metadata.tables["organisation"]
_MESSAGE_TO_SEND = (
    select(
        *_DISPATCH_COLUMNS,
        *_MESSAGE_COLUMNS,
        *contact_columns(_RECIPIENT),
        *contact_columns(_MENTOR),
        *contact_columns(_COORDINATOR),
        *organisation_columns(),
    )
    .join_from(_MESSAGE_TABLE, _DISPATCH_TABLE, _D.id == _M.dispatch_id)
    .outerjoin(_RECIPIENT, and_(_RECIPIENT.c.id == _M.recipient_id, _RECIPIENT.c.organisation_id == _M.organisation_id))
    .outerjoin(_MENTOR, and_(_MENTOR.c.id == _D.mentor_id, _MENTOR.c.organisation_id == _M.organisation_id))
    .outerjoin(
        _COORDINATOR,
        and_(_COORDINATOR.c.id == _D.coordinator_id, _COORDINATOR.c.organisation_id == _M.organisation_id),
    )
    .outerjoin(_ORGANISATION, _ORGANISATION.c.id == _M.organisation_id)
    .where(_M.number == bindparam("number"), _M.organisation_id == bindparam("organisation_id"))
)
_RECIPIENT_AT = _DISPATCH_WIDTH + _MESSAGE_WIDTH
_MENTOR_AT = _RECIPIENT_AT + CONTACT_WIDTH
_COORDINATOR_AT = _MENTOR_AT + CONTACT_WIDTH
_ORGANISATION_AT = _COORDINATOR_AT + CONTACT_WIDTH


def message_to_send(session: Session, number: int, *, organisation_id: str) -> MessageToSend | None:
    """None when the message was removed."""
    values = {"number": number, "organisation_id": organisation_id}
    found = session.connection().execute(_MESSAGE_TO_SEND, values).one_or_none()
    if found is None:
        return None
    message = _message(found[_DISPATCH_WIDTH:_RECIPIENT_AT])
    return MessageToSend(
        dispatch=_dispatch(found[:_DISPATCH_WIDTH], (message,)),
        message=message,
        recipient=contact_of(found[_RECIPIENT_AT:_MENTOR_AT]),
        mentor=contact_of(found[_MENTOR_AT:_COORDINATOR_AT]),
        coordinator=contact_of(found[_COORDINATOR_AT:_ORGANISATION_AT]),
        organisation=organisation_of(found[_ORGANISATION_AT:], organisation_id),
    )


_RECORD_OUTCOME = (
    update(_MESSAGE_TABLE)
    .where(
        _M.number == bindparam("message_number"),
        _M.organisation_id == bindparam("own"),
        _M.status.not_in([Status.SENT, Status.DELIVERED]),
    )
    .values(status=bindparam("status"), reason=bindparam("reason"), ended_at=bindparam("at"))
)
_RECORD_LAPSE_OPENED = (
    update(_DISPATCH_TABLE)
    .where(_D.id == bindparam("dispatch_id"), _D.organisation_id == bindparam("own"), _D.lapse_opened_at.is_(None))
    .values(lapse_opened_at=bindparam("at"))
)


def record_outcome(
    session: Session, number: int, status: Status, *, organisation_id: str, at: datetime, reason: str | None = None
) -> None:
    """Store the final status of a message. One that is sent or delivered stays so."""
    values = {"message_number": number, "own": organisation_id, "status": status, "reason": reason, "at": at}
    session.connection().execute(_RECORD_OUTCOME, values)


def record_lapse_opened(session: Session, dispatch_id: UUID, *, organisation_id: str, at: datetime) -> None:
    """Store when the lapse was opened; the first time counts."""
    session.connection().execute(_RECORD_LAPSE_OPENED, {"dispatch_id": dispatch_id, "own": organisation_id, "at": at})


def withdraw(session: Session, dispatch: Dispatch, *, at: datetime) -> None:
    """Mark it as withdrawn: the same announcement is no duplicate of it any more."""
    own = and_(DispatchRow.id == dispatch.id, DispatchRow.organisation_id == dispatch.organisation_id)
    session.execute(update(DispatchRow).where(own).values(withdrawn_at=at))


def save_coordinator(session: Session, dispatch: Dispatch) -> None:
    """Store who is responsible now, and the contact of the mentor that says so."""
    own = and_(DispatchRow.id == dispatch.id, DispatchRow.organisation_id == dispatch.organisation_id)
    values = {"coordinator_id": dispatch.coordinator_id, "contact_version": dispatch.contact_version}
    session.execute(update(DispatchRow).where(own).values(**values))


def _message_values(
    dispatch: Dispatch, planned: PlannedMessage, outbox_id: UUID | None, *, at: datetime
) -> dict[str, object]:
    return {
        "dispatch_id": dispatch.id,
        "organisation_id": dispatch.organisation_id,
        "recipient_id": planned.recipient.id,
        "audience": planned.recipient.audience,
        "channel": planned.channel,
        "status": planned.status,
        "reason": planned.reason,
        "outbox_id": outbox_id,
        "created_at": at,
        "ended_at": None if planned.status is Status.QUEUED else at,
    }


def _dispatches(rows: Sequence[Row[Any]]) -> list[Dispatch]:
    """In the order of the rows, which hold a dispatch and one of its messages each, or none."""
    grouped = groupby(rows, key=lambda row: row[:_DISPATCH_WIDTH])
    return [_dispatch(values, _messages(row[_DISPATCH_WIDTH:] for row in found)) for values, found in grouped]


def _messages(rows: Iterable[Sequence[Any]]) -> tuple[Message, ...]:
    """Without the one row of an outer join that found no message."""
    return tuple(_message(row) for row in rows if row[0] is not None)


def _dispatch(row: Sequence[Any], messages: tuple[Message, ...]) -> Dispatch:
    """`row` has the values of `_DISPATCH_COLUMNS`."""
    *same, notice, acted_by_id, acted_by_name, flags = row
    return Dispatch(
        **dict(zip(_SAME_IN_BOTH, same, strict=True)),
        notice=Notice(notice),
        acted_by=ActingPerson(id=acted_by_id, name=acted_by_name or "") if acted_by_id else None,
        flags=frozenset(map(Flag, flags)),
        messages=messages,
    )


def _message(row: Sequence[Any]) -> Message:
    """`row` has the values of `_MESSAGE_COLUMNS`."""
    number, recipient_id, audience, channel, status, reason, outbox_id = row
    return Message(
        number=number,
        recipient_id=recipient_id,
        audience=Audience(audience),
        channel=Channel(channel),
        status=Status(status),
        reason=reason,
        outbox_id=outbox_id,
    )
