"""What this database holds about one person, and its removal."""

from collections.abc import Mapping
from typing import Any

from shared_lib.privacy import data_export
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Lapse

from .lapses import lapse_of, notes_of
from .tables import LapseRow

_HIS_LAPSE = "mentor_id = :person OR coordinator_id = :person"
_PLACES: Mapping[str, str] = {
    "lapse": _HIS_LAPSE,
    "lapse_count": "coordinator_id = :person",
    "audit_entry": "subject_id = :person OR actor_id = :person OR details->>'coordinator_id' = :person",
    "idempotency_key": f"caller = :person OR resource_id IN (SELECT id::text FROM lapse WHERE {_HIS_LAPSE})",
}
_SEALED = ("coordinator_notes", "encrypted_notes", "notes_key_id")


def held(session: Session, cipher: FieldCipher, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """All rows that name him, a mentor's or a coordinator's notes included, which are opened."""
    found = data_export.held(session, _PLACES, person_id)
    if "lapse" in found:
        notes = notes_of(session, cipher, [row["id"] for row in found["lapse"]])
        found["lapse"] = [_readable(row, notes) for row in found["lapse"]]
    return found


def _readable(row: dict[str, Any], notes: Mapping[str, str | None]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in _SEALED}
    return {**shown, "coordinator_notes": notes.get(row["id"])}


def blank_notes(session: Session, person_id: str, *, most: int) -> list[Lapse]:
    """Remove the notes on some of his lapses, those that he wrote included; answers the lapses that had any.

    In the order in which chains of the audit log are lengthened everywhere, so that nobody waits in a circle.
    """
    his = or_(LapseRow.mentor_id == person_id, LapseRow.coordinator_id == person_id)
    noted = or_(LapseRow.coordinator_notes.is_not(None), LapseRow.encrypted_notes.is_not(None))
    rows = session.scalars(
        select(LapseRow).where(his, noted).order_by(LapseRow.organisation_id, LapseRow.id).limit(most).with_for_update()
    ).all()
    session.execute(
        update(LapseRow)
        .where(LapseRow.id.in_([row.id for row in rows]))
        .values(coordinator_notes=None, encrypted_notes=None, notes_key_id=None, version=LapseRow.version + 1)
        .execution_options(synchronize_session=False)
    )
    return [lapse_of(row) for row in rows]


def forget_keys(session: Session, person_id: str) -> int:
    """Remove keys that he chose, or that others chose for requests about him."""
    gone = text(f"DELETE FROM idempotency_key WHERE {_PLACES['idempotency_key']} RETURNING 1")
    return len(session.execute(gone, {"person": person_id}).all())
