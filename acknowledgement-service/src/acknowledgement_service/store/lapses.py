"""Single lapse records in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from shared_lib.pipeline import Later
from shared_lib.privacy.encryption import DecryptionError, FieldCipher
from shared_lib.statements import send
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Lapse, Opening
from acknowledgement_service.domain.visitor import Scope

from .tables import LapseRow

log = structlog.get_logger(__name__)

_SEALED = ("coordinator_notes", "encrypted_notes", "notes_key_id")
_FIELDS = tuple(column.key for column in LapseRow.__table__.columns if column.key not in _SEALED)

# Every expiry opens one, and every acknowledgement locks and saves: past the mapped class, which costs several times
# the statement itself.
_ADD_ONCE = f"""
INSERT INTO lapse ({", ".join(_FIELDS)}) VALUES ({", ".join(f"%({name})s" for name in _FIELDS)})
ON CONFLICT ON CONSTRAINT lapse_once DO NOTHING RETURNING id
"""  # noqa: S608 - the table's own columns

_LOCK = f"""
SELECT {", ".join(_FIELDS)} FROM lapse
WHERE notification_id = %(notification_id)s AND coordinator_id = %(coordinator_id)s AND NOT %(nothing)s
    AND (%(organisation_id)s::text IS NULL OR organisation_id = %(organisation_id)s)
    AND (%(own)s::text IS NULL OR coordinator_id = %(own)s)
FOR UPDATE
"""  # noqa: S608 - the table's own columns
_SAVE = """
UPDATE lapse SET acknowledged_at = %(acknowledged_at)s, version = %(version)s
WHERE id = %(id)s AND organisation_id = %(organisation_id)s
"""
_SAVE_NOTED = """
UPDATE lapse SET acknowledged_at = %(acknowledged_at)s, version = %(version)s,
    coordinator_notes = NULL, encrypted_notes = %(encrypted_notes)s, notes_key_id = %(notes_key_id)s
WHERE id = %(id)s AND organisation_id = %(organisation_id)s
"""


def add_once(session: Session, lapse: Lapse) -> Later[bool]:
    """Store it unless its notification and coordinator have one; True if stored. Twins wait for each other."""
    return send(session, _ADD_ONCE, _values(lapse)).read(bool)


def get(session: Session, lapse_id: UUID, *, scope: Scope) -> Lapse | None:
    """The lapse, if it lies in the scope."""
    return _one(session, select(LapseRow).where(LapseRow.id == lapse_id, *within(scope)))


def lock(session: Session, cipher: FieldCipher, lapse_id: UUID, *, scope: Scope) -> Lapse | None:
    """The same with its notes, which are opened here alone; held against other writers until the transaction ends."""
    statement = select(LapseRow).where(LapseRow.id == lapse_id, *within(scope)).with_for_update()
    row = session.scalars(statement).one_or_none()
    return replace(lapse_of(row), coordinator_notes=_notes(cipher, row)) if row is not None else None


def of_opening(session: Session, opening: Opening) -> Lapse | None:
    """The lapse that an earlier opening of the same has made."""
    scope = Scope(organisation_id=opening.organisation_id)
    return _one(session, _of_notification(opening.notification_id, opening.coordinator_id, scope))


def lock_of_notification(
    session: Session, notification_id: UUID, coordinator_id: str, *, scope: Scope
) -> Later[Lapse | None]:
    """This coordinator's lapse of a notification, held against other writers until the transaction ends."""
    values = {
        "notification_id": notification_id,
        "coordinator_id": coordinator_id,
        "organisation_id": scope.organisation_id,
        "own": scope.coordinator_id,
        "nothing": scope.nothing,
    }
    return send(session, _LOCK, values).read(lambda rows: lapse_of(rows[0]) if rows else None)


def is_notification_known(session: Session, notification_id: UUID, *, scope: Scope) -> bool:
    """Has anybody in the scope's organisation a lapse of this notification?"""
    wider = Scope(organisation_id=scope.organisation_id, nothing=scope.nothing)
    conditions = (LapseRow.notification_id == notification_id, *within(wider))
    return session.scalar(select(select(LapseRow.id).where(*conditions).exists())) or False


def open_before(session: Session, moments: Sequence[datetime]) -> Sequence[int]:
    """How many lapses of all organisations are open since each of these moments or longer."""
    counts = [func.count().filter(LapseRow.created_at <= moment) for moment in moments]
    return tuple(session.execute(select(*counts).where(LapseRow.acknowledged_at.is_(None))).one())


def save(session: Session, cipher: FieldCipher, lapse: Lapse, *, with_notes: bool) -> None:
    """Write a changed lapse back; its row must be locked. Without `with_notes` its notes stay, readable or not."""
    if with_notes:
        send(session, _SAVE_NOTED, {**_values(lapse), **_sealed(cipher, lapse)})
    else:
        send(session, _SAVE, _values(lapse))


def notes_of(session: Session, cipher: FieldCipher, lapse_ids: Sequence[str]) -> Mapping[str, str | None]:
    """The notes of these lapses, opened."""
    rows = session.scalars(select(LapseRow).where(LapseRow.id.in_(lapse_ids)))
    return {str(row.id): _notes(cipher, row) for row in rows}


def remove(session: Session, lapse: Lapse) -> None:
    session.delete(session.get_one(LapseRow, lapse.id))


def _one(session: Session, statement: Select[LapseRow]) -> Lapse | None:
    row = session.scalars(statement).one_or_none()
    return lapse_of(row) if row is not None else None


def _of_notification(notification_id: UUID, coordinator_id: str, scope: Scope) -> Select[LapseRow]:
    return select(LapseRow).where(
        LapseRow.notification_id == notification_id, LapseRow.coordinator_id == coordinator_id, *within(scope)
    )


def within(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions of what is in the scope."""
    conditions: list[ColumnElement[bool]] = []
    if scope.nothing:
        conditions.append(LapseRow.id.is_(None))
    if scope.organisation_id is not None:
        conditions.append(LapseRow.organisation_id == scope.organisation_id)
    if scope.coordinator_id is not None:
        conditions.append(LapseRow.coordinator_id == scope.coordinator_id)
    return conditions


def _sealed(cipher: FieldCipher, lapse: Lapse) -> dict[str, Any]:
    notes = lapse.coordinator_notes
    key_id, sealed = (None, None) if notes is None else cipher.encrypt(str(lapse.id), notes)
    return {"notes_key_id": key_id, "encrypted_notes": sealed}


def _notes(cipher: FieldCipher, row: LapseRow) -> str | None:
    """What stands there unsealed was written by an older release, after whatever is sealed."""
    if row.coordinator_notes is not None or row.encrypted_notes is None or row.notes_key_id is None:
        return row.coordinator_notes
    try:
        return cipher.decrypt(str(row.id), row.notes_key_id, row.encrypted_notes)
    except DecryptionError:
        log.error("lapse.notes_unreadable", lapse_id=str(row.id))
        return None  # the lapse itself must stay usable


def _values(lapse: Lapse) -> dict[str, Any]:
    return {name: getattr(lapse, name) for name in _FIELDS}


def lapse_of(row: Any) -> Lapse:
    """From the mapped class, or a row with its columns."""
    return Lapse(**{name: getattr(row, name) for name in _FIELDS})
