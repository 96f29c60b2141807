"""What this database holds about one person, and its removal."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared_lib.privacy import data_export
from sqlalchemy import text
from sqlalchemy.orm import Session

from notification_service.domain.routing import ERASED

NOBODYS = "-"
"""The organisation of a contact that was erased before its first message came."""

_NAMES_HIM = "SELECT id FROM dispatch WHERE mentor_id = :person OR acted_by_id = :person"
"""Dispatches whose texts say his name; a coordinator is named only where he acted."""
_HIS_KEY = (
    "principal = 'person:' || :person OR principal NOT LIKE 'service:%' "
    f"AND resource_id IN (SELECT d.id::text FROM ({_NAMES_HIM}) d)"
)
_TO_HIM = "id IN (SELECT outbox_id FROM message WHERE recipient_id = :person)"
_HIS_TEXT = (
    f"recipient_id = :person OR message_number IN (SELECT number FROM message WHERE dispatch_id IN ({_NAMES_HIM}))"
)
_PLACES: Mapping[str, str] = {
    "contact": "id = :person OR coordinator_id = :person",
    "organisation": ":person = ANY(admin_ids)",
    "dispatch": "mentor_id = :person OR coordinator_id = :person OR acted_by_id = :person",
    "message": f"recipient_id = :person OR dispatch_id IN ({_NAMES_HIM})",
    "inbox": _HIS_TEXT,
    "audit_entry": "subject_id = :person OR object_id = :person OR actor_id = 'person:' || :person",
    "idempotency_key": _HIS_KEY,
    "outbox": _TO_HIM,
    "outbox_closed": _TO_HIM,
}
_IDS_ONLY = {
    "contact": ("id", "organisation_id", "coordinator_id"),
    "organisation": ("id",),
}
"""Of rows that are about somebody else and only name him: the rest is none of his business."""


def held(session: Session, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows that name him, the texts that were written to him or about him included."""
    found = data_export.rows_of_person(session, _PLACES, person_id)
    for table, columns in _IDS_ONLY.items():
        if table in found:
            found[table] = [
                row if row["id"] == person_id else {column: row[column] for column in columns} for row in found[table]
            ]
    return found


def bury_contact(session: Session, person_id: str, *, at: datetime) -> bool:
    """Blank the contact, or keep a place for one that may still come: news about it is turned away from now on.

    False when it was buried before. Waits for announcements about him that are being recorded.
    """
    buried = text(
        "INSERT INTO contact AS old (id, organisation_id, name, channels, is_mentor, active, version, erased_at) "
        "VALUES (:person, :nobodys, '', '{}', false, false, 0, :at) "
        "ON CONFLICT (id) DO UPDATE SET name = '', email = NULL, push_token = NULL, channels = '{}', locale = NULL, "
        "coordinator_id = NULL, is_mentor = false, active = false, erased_at = excluded.erased_at "
        "WHERE old.erased_at IS NULL RETURNING 1"
    )
    return session.execute(buried, {"person": person_id, "nobodys": NOBODYS, "at": at}).one_or_none() is not None


def queued_of(session: Session, person_id: str) -> list[tuple[int, Any]]:
    """Messages to him or about him that have not left: number and promise."""
    rows = session.execute(
        text(
            "SELECT number, outbox_id FROM message WHERE status = 'queued' AND (recipient_id = :person "
            "OR dispatch_id IN (SELECT id FROM dispatch WHERE mentor_id = :person)) ORDER BY number"
        ),
        {"person": person_id},
    )
    return [(row.number, row.outbox_id) for row in rows]


def skip(session: Session, number: int, *, at: datetime) -> None:
    session.execute(
        text(
            "UPDATE message SET status = 'skipped', reason = :reason, settled_at = :at "
            "WHERE number = :number AND status = 'queued'"
        ),
        {"number": number, "reason": ERASED, "at": at},
    )


def blank(session: Session, person_id: str) -> dict[str, int]:
    """Remove the texts to him or about him, his name where he acted, and the keys that were chosen about him."""
    statements = {
        "texts": f"DELETE FROM inbox WHERE {_HIS_TEXT} RETURNING 1",
        "names": "UPDATE dispatch SET acted_by_name = NULL WHERE acted_by_id = :person AND acted_by_name IS NOT NULL "
        "RETURNING 1",
        "keys": f"DELETE FROM idempotency_key WHERE {_HIS_KEY} RETURNING 1",
    }
    return {
        what: len(session.execute(text(statement), {"person": person_id}).all())
        for what, statement in statements.items()
    }
