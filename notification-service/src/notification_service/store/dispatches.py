"""What was announced, and what became of it.

Asked several times per announcement: past the mapped classes, whose making costs several times the reading.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from shared_lib.pipeline import Later
from shared_lib.statements import ask, ask_one, send
from sqlalchemy.orm import Session

from notification_service.domain.model import Actor, Announcement, Audience, Channel, Dispatch, Message, Notice, Status
from notification_service.domain.notice_rules import NOTICE_RULES
from notification_service.domain.routing import Row

OWN_COLUMNS = (
    "organisation_id, notice, mentor_id, coordinator_id, created_at, expected_return_date, expiry_date, "
    "days_remaining, acted_by_id, acted_by_name, withdrawn_at, lapse_outbox_id, lapse_opened_at"
)
_OWN = OWN_COLUMNS.replace(", ", ", d.")
_OF_ORGANISATION = "(%(organisation_id)s::text IS NULL OR d.organisation_id = %(organisation_id)s)"
_SELECT = f"""
SELECT d.id, d.{_OWN}, m.number, m.recipient_id, m.audience, m.channel, m.status, m.reason, m.outbox_id
FROM dispatch d LEFT JOIN message m ON m.dispatch_id = d.id
WHERE {_OF_ORGANISATION} AND """  # noqa: S608 - constants of this module
_NEWEST_FIRST = " ORDER BY d.created_at DESC, d.id DESC, m.number"

_BY_ID = f"{_SELECT} d.id = %(id)s {_NEWEST_FIRST}"
_BY_NATURAL_KEY = f"""
{_SELECT} d.mentor_id = %(mentor_id)s AND d.natural_key = %(natural_key)s AND d.withdrawn_at IS NULL {_NEWEST_FIRST}
"""
_RECENT = f"""
{_SELECT} d.mentor_id = %(mentor_id)s AND d.notice = ANY(%(notices)s) AND d.created_at >= %(since)s
AND d.withdrawn_at IS NULL {_NEWEST_FIRST}
"""
_HELD = f"SELECT d.id FROM dispatch d WHERE {_OF_ORGANISATION} AND d.id = %(id)s FOR NO KEY UPDATE"  # noqa: S608
_LATEST = f"""
SELECT d.id FROM dispatch d WHERE {_OF_ORGANISATION} AND d.mentor_id = %(mentor_id)s
ORDER BY d.created_at DESC, d.id DESC LIMIT 1
"""  # noqa: S608 - constants of this module
_ADD = f"""
WITH added AS (
    INSERT INTO dispatch (id, natural_key, {OWN_COLUMNS})
    VALUES (%(id)s, %(natural_key)s, {", ".join(f"%({name})s" for name in OWN_COLUMNS.split(", "))})
)
INSERT INTO message (dispatch_id, organisation_id, recipient_id, audience, channel, status, reason, outbox_id,
                     created_at, settled_at)
SELECT %(id)s, %(organisation_id)s, planned.recipient_id, planned.audience, planned.channel, planned.status,
    planned.reason, planned.outbox_id, %(created_at)s,
    CASE WHEN planned.status <> 'queued' THEN %(created_at)s::timestamptz END
FROM ROWS FROM (jsonb_to_recordset(%(planned)s) AS (
    recipient_id text, audience text, channel text, status text, reason text, outbox_id uuid
)) WITH ORDINALITY AS planned (recipient_id, audience, channel, status, reason, outbox_id, place)
ORDER BY planned.place
RETURNING number, recipient_id, audience, channel, status, reason, outbox_id
"""  # noqa: S608 - constants of this module


def get(session: Session, dispatch_id: UUID, *, organisation_id: str | None) -> Later[Dispatch]:
    """The organisation's dispatch; None: of whichever it is, where an Idempotency-Key stands for it."""
    answer = send(session, _BY_ID, {"id": dispatch_id, "organisation_id": organisation_id})
    return answer.read(lambda rows: _grouped(rows)[0])


def lock(session: Session, dispatch_id: UUID, *, organisation_id: str | None) -> Later[Dispatch]:
    """The dispatch, held against other withdrawals until the transaction ends."""
    send(session, _HELD, {"id": dispatch_id, "organisation_id": organisation_id})
    return get(session, dispatch_id, organisation_id=organisation_id)


def latest_of(session: Session, mentor_id: str, *, organisation_id: str) -> Later[UUID | None]:
    """The dispatch about this mentor that was made last. Called with the mentor locked."""
    answer = send(session, _LATEST, {"mentor_id": mentor_id, "organisation_id": organisation_id})
    return answer.read(lambda rows: rows[0].id if rows else None)


def under_natural_key(
    session: Session, mentor_id: str, natural_key: str, *, organisation_id: str
) -> Later[Dispatch | None]:
    values = {"mentor_id": mentor_id, "natural_key": natural_key, "organisation_id": organisation_id}
    return send(session, _BY_NATURAL_KEY, values).read(lambda rows: next(iter(_grouped(rows)), None))


def recent_duplicate(
    session: Session, announcement: Announcement, *, organisation_id: str, since: datetime
) -> Later[Dispatch | None]:
    """The latest dispatch with the same members since then, unless the opposite was told in between."""
    notice, rule = announcement.notice, NOTICE_RULES[announcement.notice].natural_key
    values = {
        "mentor_id": announcement.mentor_id,
        "notices": [notice, *([rule.opposite] if rule.opposite else [])],
        "since": since,
        "organisation_id": organisation_id,
    }

    def first(rows: Sequence[Any]) -> Dispatch | None:
        for dispatch in _grouped(rows):
            if dispatch.notice is not notice:
                return None
            if all(getattr(dispatch, name) == getattr(announcement, name) for name in rule.members):
                return dispatch
        return None

    return send(session, _RECENT, values).read(first)


def add(
    session: Session, dispatch: Dispatch, rows: Sequence[tuple[Row, UUID | None]], *, natural_key: str
) -> tuple[Message, ...]:
    """Store a dispatch with a message for each row, in this order, and the promise to send it if there is one.

    The database gives the messages their numbers.
    """
    added = ask(
        session,
        _ADD,
        {
            **{name: getattr(dispatch, name, None) for name in OWN_COLUMNS.split(", ")},
            "acted_by_id": dispatch.acted_by.id if dispatch.acted_by else None,
            "acted_by_name": dispatch.acted_by.name if dispatch.acted_by else None,
            "id": dispatch.id,
            "natural_key": natural_key,
            "planned": Jsonb([_planned(row, outbox_id) for row, outbox_id in rows]),
        },
    )
    return tuple(message_of(row) for row in added)


def _planned(row: Row, outbox_id: UUID | None) -> dict[str, str | None]:
    return {
        "recipient_id": row.recipient.id,
        "audience": row.recipient.audience,
        "channel": row.channel,
        "status": row.status,
        "reason": row.reason,
        "outbox_id": str(outbox_id) if outbox_id is not None else None,
    }


def settle_lapse(session: Session, dispatch_id: UUID, *, organisation_id: str, at: datetime) -> None:
    """Write down that the lapse is open; the first time counts."""
    send(
        session,
        "UPDATE dispatch SET lapse_opened_at = %(at)s "
        "WHERE id = %(id)s AND organisation_id = %(organisation_id)s AND lapse_opened_at IS NULL",
        {"id": dispatch_id, "organisation_id": organisation_id, "at": at},
    )


def withdraw(session: Session, dispatch: Dispatch, *, at: datetime) -> None:
    """From now on it stands in nobody's way: the same notice may be told again."""
    send(
        session,
        "UPDATE dispatch SET withdrawn_at = %(at)s WHERE id = %(id)s AND organisation_id = %(organisation_id)s",
        {"id": dispatch.id, "organisation_id": dispatch.organisation_id, "at": at},
    )


def under_key(session: Session, *, caller: str, operations: Iterable[str], key: str) -> UUID | None:
    """The dispatch that a caller's Idempotency-Key stands for."""
    found = ask_one(
        session,
        "SELECT resource_id FROM idempotency_key "
        "WHERE principal = %(caller)s AND operation = ANY(%(operations)s) AND key = %(key)s",
        {"caller": caller, "operations": [str(name) for name in operations], "key": key},
    )
    return UUID(found.resource_id) if found is not None and found.resource_id else None


def _grouped(rows: Sequence[Any]) -> list[Dispatch]:
    return [_dispatch(list(own)) for _, own in groupby(rows, key=lambda row: row.id)]


def _dispatch(rows: Sequence[Any]) -> Dispatch:
    messages = tuple(message_of(row) for row in rows if row.number is not None)
    return dispatch_of(rows[0], messages)


def dispatch_of(row: Any, messages: tuple[Message, ...]) -> Dispatch:
    """From a row with `id` and `OWN_COLUMNS`."""
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


def message_of(row: Any) -> Message:
    """From a row with the columns of a message."""
    return Message(
        number=row.number,
        recipient_id=row.recipient_id,
        audience=Audience(row.audience),
        channel=Channel(row.channel),
        status=Status(row.status),
        reason=row.reason,
        outbox_id=row.outbox_id,
    )
