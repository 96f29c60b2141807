"""The rows about one person in this database, and their removal."""

from collections.abc import Mapping
from typing import Any

from shared_lib.privacy import retention
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Lapse

from .lapses import lapse_of, notes_of
from .tables import LapseRow

_THEIR_LAPSE = "mentor_id = :person OR coordinator_id = :person"
_LEFT_LAPSE = "opened_for = :person"
"""A lapse that has followed its mentor to another coordinator: shown without the notes, which are not theirs."""
_CONDITIONS: Mapping[str, str] = {
    "lapse": f"{_THEIR_LAPSE} OR {_LEFT_LAPSE}",
    "certification": "mentor_id = :person",
    "lapse_count": "coordinator_id = :person",
    "audit_entry": "subject_id = :person OR actor_id = :person OR details->>'coordinator_id' = :person "
    "OR :person IN (details->>'from', details->>'to', details->>'on_behalf_of')",
    "idempotency_key": f"principal = :person OR resource_id IN (SELECT id::text FROM lapse WHERE {_THEIR_LAPSE})",
}
_ENCRYPTED = ("encrypted_notes", "notes_key_id")


def export(session: Session, cipher: FieldCipher, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows that name the person, by table; the notes on a mentor's or coordinator's lapses are decrypted."""
    found = retention.rows_of_person(session, _CONDITIONS, person_id)
    if "lapse" in found:
        notes = notes_of(session, cipher, [row["id"] for row in found["lapse"]])
        found["lapse"] = [_readable(row, notes, person_id) for row in found["lapse"]]
    return found


def _readable(row: dict[str, Any], notes: Mapping[str, str | None], person_id: str) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in _ENCRYPTED}
    is_theirs = person_id in (row["mentor_id"], row["coordinator_id"])
    return {**shown, "coordinator_notes": notes.get(row["id"]) if is_theirs else None}


def erase_notes(session: Session, person_id: str, *, limit: int) -> list[Lapse]:
    """Remove the notes of at most `limit` lapses of a mentor or coordinator; returns the lapses that had notes.

    Sorted by organisation, the order in which every transaction extends the audit log's hash chains: so no two of them
    wait for each other.
    """
    theirs = or_(LapseRow.mentor_id == person_id, LapseRow.coordinator_id == person_id)
    noted = select(LapseRow).where(theirs, LapseRow.encrypted_notes.is_not(None)).limit(limit)
    rows = session.scalars(noted.order_by(LapseRow.organisation_id, LapseRow.id).with_for_update()).all()
    for row in rows:
        row.encrypted_notes, row.notes_key_id, row.version = None, None, row.version + 1
    return [lapse_of(row) for row in rows]


def erase_keys(session: Session, person_id: str) -> int:
    """Remove the idempotency keys that the person chose, and those of requests about their lapses; returns how many."""
    erased = text(f"DELETE FROM idempotency_key WHERE {_CONDITIONS['idempotency_key']} RETURNING 1")
    return len(session.execute(erased, {"person": person_id}).all())
