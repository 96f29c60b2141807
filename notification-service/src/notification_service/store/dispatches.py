"""What was announced, and what became of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared_lib.statements import ask, ask_one
from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session, selectinload

from notification_service.domain.model import (
    Actor,
    Announcement,
    Audience,
    Channel,
    Dispatch,
    Message,
    Notice,
    Status,
)
from notification_service.domain.routing import Row

from .tables import DispatchRow, MessageRow, idempotency_key

FINAL = (Status.SENT, Status.DELIVERED)


def get(session: Session, dispatch_id: UUID, *, organisation_id: str | None) -> Dispatch:
    """The organisation's dispatch; None: of whichever it is, where an Idempotency-Key stands for it."""
    query = _with_messages().where(DispatchRow.id == dispatch_id, *_of(organisation_id))
    return _dispatch(session.scalars(query).one())


def lock(session: Session, dispatch_id: UUID, *, organisation_id: str | None) -> Dispatch:
    """The dispatch, held against other withdrawals until the transaction ends."""
    held = select(DispatchRow.id).where(DispatchRow.id == dispatch_id, *_of(organisation_id))
    session.execute(held.with_for_update(key_share=True))
    return get(session, dispatch_id, organisation_id=organisation_id)


def latest_of(session: Session, mentor_id: str, *, organisation_id: str) -> UUID | None:
    """The dispatch about this mentor that was made last. Called with the mentor locked."""
    newest = select(DispatchRow.id).where(DispatchRow.mentor_id == mentor_id, *_of(organisation_id))
    return session.scalars(newest.order_by(DispatchRow.created_at.desc(), DispatchRow.id.desc()).limit(1)).first()


def under_natural_key(session: Session, mentor_id: str, natural_key: str, *, organisation_id: str) -> Dispatch | None:
    same = (DispatchRow.mentor_id == mentor_id, DispatchRow.natural_key == natural_key)
    row = session.scalars(_standing().where(*same, *_of(organisation_id))).one_or_none()
    return _dispatch(row) if row else None


def same_pause(
    session: Session, announcement: Announcement, *, organisation_id: str, since: datetime
) -> Dispatch | None:
    """The latest dispatch of the same words since then, unless the opposite was told in between."""
    recent = _standing().where(
        *_of(organisation_id),
        DispatchRow.mentor_id == announcement.mentor_id,
        DispatchRow.notice.in_([notice for notice in Notice if notice.is_pause]),
        DispatchRow.created_at >= since,
    )
    for row in session.scalars(recent.order_by(DispatchRow.created_at.desc(), DispatchRow.id.desc())):
        if row.notice != announcement.notice:
            return None
        if row.expected_return_date == announcement.expected_return_date:
            return _dispatch(row)
    return None


def add(session: Session, dispatch: Dispatch, *, natural_key: str) -> None:
    """Store a dispatch; its messages follow with `add_message`."""
    session.add(
        DispatchRow(
            id=dispatch.id,
            organisation_id=dispatch.organisation_id,
            notice=dispatch.notice,
            mentor_id=dispatch.mentor_id,
            natural_key=natural_key,
            coordinator_id=dispatch.coordinator_id,
            expected_return_date=dispatch.expected_return_date,
            expiry_date=dispatch.expiry_date,
            days_remaining=dispatch.days_remaining,
            acted_by_id=dispatch.acted_by.id if dispatch.acted_by else None,
            acted_by_name=dispatch.acted_by.name if dispatch.acted_by else None,
            created_at=dispatch.created_at,
            lapse_outbox_id=dispatch.lapse_outbox_id,
        )
    )
    session.flush()


def add_message(session: Session, dispatch: Dispatch, row: Row, *, outbox_id: UUID | None) -> Message:
    """Store one message; the database gives it its number."""
    added = MessageRow(
        dispatch_id=dispatch.id,
        organisation_id=dispatch.organisation_id,
        recipient_id=row.recipient.id,
        audience=row.recipient.audience,
        channel=row.channel,
        status=row.status,
        reason=row.reason,
        outbox_id=outbox_id,
        created_at=dispatch.created_at,
        settled_at=None if row.status is Status.QUEUED else dispatch.created_at,
    )
    session.add(added)
    session.flush()
    return _message(added)


# Both for every single mail: past the mapped classes, whose making costs several times the reading.
_OF_MESSAGE = """
SELECT m.number, m.recipient_id, m.audience, m.channel, m.status, m.reason, m.outbox_id, d.id, d.organisation_id,
    d.notice, d.mentor_id, d.coordinator_id, d.created_at, d.expected_return_date, d.expiry_date, d.days_remaining,
    d.acted_by_id, d.acted_by_name, d.withdrawn_at, d.lapse_outbox_id, d.lapse_opened_at
FROM message m JOIN dispatch d ON d.id = m.dispatch_id
WHERE m.number = %(number)s AND m.organisation_id = %(organisation_id)s AND d.organisation_id = %(organisation_id)s
"""
_SETTLE = """
UPDATE message SET status = %(status)s, reason = %(reason)s, settled_at = %(at)s
WHERE number = %(number)s AND organisation_id = %(organisation_id)s AND status <> ALL(%(final)s)
"""


def of_message(session: Session, number: int, *, organisation_id: str) -> tuple[Dispatch, Message] | None:
    """A message and the dispatch it belongs to, with no other messages; None when both were removed."""
    row = ask_one(session, _OF_MESSAGE, {"number": number, "organisation_id": organisation_id})
    if row is None:
        return None
    message = _message(row)
    return _with((message,), row), message


def settle(
    session: Session, number: int, status: Status, *, organisation_id: str, at: datetime, reason: str | None = None
) -> None:
    """Write what became of a message. What was really sent stays so."""
    ask(
        session,
        _SETTLE,
        {
            "number": number,
            "organisation_id": organisation_id,
            "status": status.value,
            "reason": reason,
            "at": at,
            "final": [final.value for final in FINAL],
        },
    )


def settle_lapse(session: Session, dispatch_id: UUID, *, organisation_id: str, at: datetime) -> None:
    session.execute(
        update(DispatchRow)
        .where(DispatchRow.id == dispatch_id, *_of(organisation_id), DispatchRow.lapse_opened_at.is_(None))
        .values(lapse_opened_at=at)
    )


def withdraw(session: Session, dispatch: Dispatch, *, at: datetime) -> None:
    """From now on it stands in nobody's way: the same notice may be told again."""
    own = (DispatchRow.id == dispatch.id, *_of(dispatch.organisation_id))
    session.execute(update(DispatchRow).where(*own).values(withdrawn_at=at))


def under_key(session: Session, *, caller: str, operations: Iterable[str], key: str) -> UUID | None:
    """The dispatch that a caller's Idempotency-Key stands for."""
    names = idempotency_key.c
    found = session.scalar(
        select(names.resource_id).where(names.caller == caller, names.operation.in_(list(operations)), names.key == key)
    )
    return UUID(found) if found else None


def _of(organisation_id: str | None) -> list[ColumnElement[bool]]:
    return [] if organisation_id is None else [DispatchRow.organisation_id == organisation_id]


def _with_messages() -> Select[DispatchRow]:
    return select(DispatchRow).options(selectinload(DispatchRow.messages)).execution_options(populate_existing=True)


def _standing() -> Select[DispatchRow]:
    return _with_messages().where(DispatchRow.withdrawn_at.is_(None))


def _dispatch(row: DispatchRow) -> Dispatch:
    return _with(_messages(row.messages), row)


def _with(messages: tuple[Message, ...], row: Any) -> Dispatch:
    return Dispatch(
        id=row.id,
        organisation_id=row.organisation_id,
        notice=Notice(row.notice),
        mentor_id=row.mentor_id,
        coordinator_id=row.coordinator_id,
        created_at=row.created_at,
        messages=messages,
        expected_return_date=row.expected_return_date,
        expiry_date=row.expiry_date,
        days_remaining=row.days_remaining,
        acted_by=Actor(id=row.acted_by_id, name=row.acted_by_name or "") if row.acted_by_id else None,
        withdrawn_at=row.withdrawn_at,
        lapse_outbox_id=row.lapse_outbox_id,
        lapse_opened_at=row.lapse_opened_at,
    )


def _messages(rows: Sequence[MessageRow]) -> tuple[Message, ...]:
    return tuple(_message(row) for row in rows)


def _message(row: Any) -> Message:
    values: dict[str, Any] = {
        "number": row.number,
        "recipient_id": row.recipient_id,
        "audience": Audience(row.audience),
        "channel": Channel(row.channel),
        "status": Status(row.status),
        "reason": row.reason,
        "outbox_id": row.outbox_id,
    }
    return Message(**values)
