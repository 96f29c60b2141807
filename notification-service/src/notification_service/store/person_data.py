"""The data of people in this database: found, erased, and deleted in batches when their time is up."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared_lib.privacy import retention
from shared_lib.privacy.retention import RetentionRule, by_statement, old_deliveries, old_keys
from sqlalchemy import or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from notification_service.domain.model import Status
from notification_service.domain.participants import ERASED

from .tables import ContactRow, DispatchRow, MessageRow

# SQL text: the conditions look into several tables, and the export reads whole rows of each table.
_NAMES_PERSON = "SELECT id FROM dispatch WHERE mentor_id = :person OR acted_by_id = :person"
"""Dispatches whose texts name the person; a coordinator is named only where they acted."""
_KEY_OF_PERSON = (
    "principal = 'person:' || :person OR principal NOT LIKE 'service:%' "
    f"AND resource_id IN (SELECT d.id::text FROM ({_NAMES_PERSON}) d)"
)
_TO_PERSON = "id IN (SELECT outbox_id FROM message WHERE recipient_id = :person)"
_TEXT_OF_PERSON = (
    f"recipient_id = :person OR message_number IN (SELECT number FROM message WHERE dispatch_id IN ({_NAMES_PERSON}))"
)
_LAPSE_OF_PERSON = "subject IN (SELECT 'lapse:' || id FROM dispatch WHERE mentor_id = :person)"
_CONDITIONS: Mapping[str, str] = {
    "contact": "id = :person OR coordinator_id = :person",
    "organisation": ":person = ANY(admin_ids)",
    "certification": "mentor_id = :person",
    "dispatch": "mentor_id = :person OR :person IN (coordinator_id, lapse_coordinator_id, acted_by_id)",
    "message": f"recipient_id = :person OR dispatch_id IN ({_NAMES_PERSON})",
    "inbox": _TEXT_OF_PERSON,
    "agenda": _LAPSE_OF_PERSON,
    "planned_act": f"{_LAPSE_OF_PERSON} OR key LIKE '%/' || :person || '/%'",
    "audit_entry": "subject_id = :person OR object_id = :person OR actor_id = 'person:' || :person",
    "idempotency_key": _KEY_OF_PERSON,
    "outbox": _TO_PERSON,
    "outbox_closed": _TO_PERSON,
}
_IDS_ONLY = {
    "contact": ("id", "organisation_id", "coordinator_id"),
    "organisation": ("id",),
}
"""The columns shown of rows that are about another person and only name this one."""
NOBODYS = "-"
"""The organisation of a contact that was erased before its first update arrived."""


def held(session: Session, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows that name the person, by table, with the texts that were written to them or about them."""
    found = retention.rows_of_person(session, _CONDITIONS, person_id)
    for table, columns in _IDS_ONLY.items():
        if table in found:
            found[table] = [
                row if row["id"] == person_id else {column: row[column] for column in columns} for row in found[table]
            ]
    return found


def erase_contact(session: Session, person_id: str, *, at: datetime) -> bool:
    """Blank the contact, or store a blank one: updates about this person are refused from now on.

    False when it was erased before. Waits for announcements about the person that are being recorded.
    """
    blank = {"name": "", "channels": [], "is_mentor": False, "active": False, "erased_at": at}
    erased = insert(ContactRow).values(id=person_id, organisation_id=NOBODYS, version=0, **blank)
    statement = erased.on_conflict_do_update(
        index_elements=["id"],
        set_={**blank, "email": None, "push_token": None, "locale": None, "coordinator_id": None},
        where=ContactRow.erased_at.is_(None),
    )
    return session.execute(statement.returning(ContactRow.id)).one_or_none() is not None


def queued_messages(session: Session, person_id: str) -> list[tuple[int, UUID | None]]:
    """Messages to the person or about them that are queued: number and id of the outbox message."""
    about_person = select(DispatchRow.id).where(DispatchRow.mentor_id == person_id)
    query = select(MessageRow.number, MessageRow.outbox_id).where(
        MessageRow.status == Status.QUEUED,
        or_(MessageRow.recipient_id == person_id, MessageRow.dispatch_id.in_(about_person)),
    )
    return [(row.number, row.outbox_id) for row in session.execute(query.order_by(MessageRow.number))]


def skip(session: Session, number: int, *, at: datetime) -> None:
    """Store that a queued message is not sent, because a person was erased."""
    session.execute(
        update(MessageRow)
        .where(MessageRow.number == number, MessageRow.status == Status.QUEUED)
        .values(status=Status.SKIPPED, reason=ERASED, ended_at=at)
    )


def erase_texts(session: Session, person_id: str) -> dict[str, int]:
    """Delete the texts to the person or about them, their name where they acted, and the keys chosen about them."""
    statements = {
        "texts": f"DELETE FROM inbox WHERE {_TEXT_OF_PERSON} RETURNING 1",
        "names": "UPDATE dispatch SET acted_by_name = NULL WHERE acted_by_id = :person AND acted_by_name IS NOT NULL "
        "RETURNING 1",
        "keys": f"DELETE FROM idempotency_key WHERE {_KEY_OF_PERSON} RETURNING 1",
    }
    return {
        what: len(session.execute(text(statement), {"person": person_id}).all())
        for what, statement in statements.items()
    }


# SQL text: finding, changing and counting a batch is one statement. A message that is queued is rendered from its
# dispatch, so the name stays until the last of the messages has ended.
_PURGE_NAMES = text(
    """
WITH looked_at AS MATERIALIZED (
    SELECT id FROM dispatch WHERE id > :after ORDER BY id LIMIT :limit
), due AS (
    SELECT dispatch.id FROM dispatch JOIN looked_at USING (id)
    WHERE dispatch.acted_by_name IS NOT NULL AND dispatch.created_at < :before AND NOT EXISTS (
        SELECT FROM message
        WHERE message.dispatch_id = dispatch.id AND (message.ended_at IS NULL OR message.ended_at >= :before)
    )
    FOR UPDATE OF dispatch SKIP LOCKED
), purged AS (
    UPDATE dispatch SET acted_by_name = NULL FROM due WHERE dispatch.id = due.id RETURNING 1
)
SELECT (SELECT id FROM looked_at ORDER BY id DESC LIMIT 1) AS position, (SELECT count(*) FROM purged) AS removed
"""
)
_PURGE_INBOX = text(
    """
WITH looked_at AS MATERIALIZED (
    SELECT message_number FROM inbox WHERE message_number > :after ORDER BY message_number LIMIT :limit
), purged AS (
    DELETE FROM inbox USING looked_at
    WHERE inbox.message_number = looked_at.message_number AND inbox.created_at < :before RETURNING 1
)
SELECT (SELECT max(message_number) FROM looked_at) AS position, (SELECT count(*) FROM purged) AS removed
"""
)


def retention_rules(*, now: datetime, message_days: int, inbox_retention_days: int) -> Sequence[RetentionRule]:
    """Names of those who acted are deleted `message_days` after the last message ended, inbox texts so many days after
    they were stored, read or not; 0 days mean never. Keys and closed outbox messages are deleted in their own time.

    The dispatch stays, and so a duplicate of it is still found. A message that is replayed after this mentions the
    coordinator without their name. The message of an inbox text stays, as delivered.
    """
    names = by_statement("names", _PURGE_NAMES, first=UUID(int=0), before=now - timedelta(days=message_days))
    texts = by_statement("inbox texts", _PURGE_INBOX, first=0, before=now - timedelta(days=inbox_retention_days))
    chosen = [rule for rule, days in ((names, message_days), (texts, inbox_retention_days)) if days]
    return [*chosen, old_keys(now), old_deliveries(now)]
