"""Single pause events. The reason is sealed on the way in and opened on the way out."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from shared_lib.pipeline import Later
from shared_lib.privacy.encryption import DecryptionError
from shared_lib.statements import ask_one, send
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import ActedBy, Audience, DispatchResult
from orchestrator_service.domain.errors import SameEventExists
from orchestrator_service.domain.pause_events import EventType, PauseEvent
from orchestrator_service.domain.ports import FieldCipher
from orchestrator_service.domain.roles import Scope

from . import dispatch_results, event_counts, responsible
from .tables import PauseEventRow

log = structlog.get_logger(__name__)

_COLUMNS = (
    "id, organisation_id, peer_mentor_id, event_type, effective_date, reason_key_id, encrypted_reason, "
    "expected_return_date, expiry_date, days_remaining, coordinator_id, admin_ids, also_ids, acted_by_id, "
    "acted_by_name, resolution_rule, resolution_source, announcement_id, revision, created_at"
)
_PLACES = ", ".join(f"%({name})s" for name in _COLUMNS.split(", "))

# Once per recorded event, and the count belongs to it: one statement for both, past the mapped classes.
_ADD = f"""
WITH added AS (
    INSERT INTO pause_event ({_COLUMNS}) VALUES ({_PLACES}) RETURNING organisation_id, coordinator_id, event_type
)
INSERT INTO event_count (organisation_id, coordinator_id, event_type, events)
SELECT organisation_id, COALESCE(coordinator_id, ''), event_type, 1 FROM added
ON CONFLICT (organisation_id, coordinator_id, event_type) DO UPDATE SET events = event_count.events + 1
"""  # noqa: S608 - a constant list of columns

# Three times per recorded event that is announced at once.
_ONE = f"""
SELECT {_COLUMNS}, updated_at FROM pause_event
WHERE id = %(id)s AND (%(organisation_id)s::text IS NULL OR organisation_id = %(organisation_id)s)
"""  # noqa: S608 - a constant list of columns


def add(session: Session, cipher: FieldCipher, event: PauseEvent) -> None:
    """Store a new event and count it. When its id is taken (`is_id_taken`), the transaction fails: take another."""
    send(session, _ADD, _values(cipher, event))


def is_id_taken(fault: IntegrityError) -> bool:
    diagnosis = getattr(fault.orig, "diag", None)
    return diagnosis is not None and diagnosis.constraint_name == "pause_event_pkey"


def get(session: Session, cipher: FieldCipher, event_id: str, scope: Scope) -> PauseEvent | None:
    """The event, if the scope reaches it."""
    return _one(session, cipher, event_id, scope, lock=False)


def lock(session: Session, cipher: FieldCipher, event_id: str, scope: Scope) -> PauseEvent | None:
    """The event, held against other writers until the transaction ends."""
    return _one(session, cipher, event_id, scope, lock=True)


def get_any(session: Session, event_id: str, *, organisation_id: str) -> Later[PauseEvent | None]:
    """The organisation's event, whoever's it is, its reason left sealed: for work that passes it on."""
    event = send(session, _ONE, {"id": event_id, "organisation_id": organisation_id})
    results = dispatch_results.of_events(session, [event_id])
    return event.read(lambda rows: told(None, rows, results.value)[0] if rows else None)


def save_correction(session: Session, cipher: FieldCipher, event: PauseEvent, *, with_reason: bool) -> None:
    """Raises SameEventExists when there is another event with this mentor, type and effective date.

    Without `with_reason` the sealed reason stays as it is, readable or not.
    """
    changes = {
        **(_sealed(cipher, event) if with_reason else {}),
        "effective_date": event.effective_date,
        "revision": event.revision,
        "updated_at": event.updated_at,
    }
    try:
        with session.begin_nested():
            session.execute(update(PauseEventRow).where(*_is(event)).values(changes))
    except IntegrityError as fault:
        raise SameEventExists from fault


def remove(session: Session, event: PauseEvent) -> None:
    """Counted off first: whoever adds one takes the same locks in this order."""
    event_counts.change(session, event, by=-1)
    session.execute(delete(PauseEventRow).where(*_is(event)))


def told(cipher: FieldCipher | None, rows: Sequence[Any], results: dispatch_results.Results) -> list[PauseEvent]:
    """The rows as domain objects, with what became of their notices; without a vault their reasons stay sealed."""
    return [_event(cipher, row, tuple(results.get(row.id, ()))) for row in rows]


def reasons_of(session: Session, cipher: FieldCipher, event_ids: Sequence[str]) -> Mapping[str, str | None]:
    """The reasons of these events, opened."""
    rows = session.scalars(select(PauseEventRow).where(PauseEventRow.id.in_(event_ids)))
    return {row.id: _reason(cipher, row) for row in rows}


def _is(event: PauseEvent) -> tuple[ColumnElement[bool], ...]:
    return PauseEventRow.id == event.id, PauseEventRow.organisation_id == event.organisation_id


def _one(session: Session, cipher: FieldCipher, event_id: str, scope: Scope, *, lock: bool) -> PauseEvent | None:
    values = {"id": event_id, "organisation_id": scope.organisation}
    row = ask_one(session, f"{_ONE} FOR UPDATE" if lock else _ONE, values)
    if row is None or not _reaches(session, scope, row):
        return None
    return told(cipher, [row], dispatch_results.of_events(session, [row.id]).value)[0]


def _reaches(session: Session, scope: Scope, row: Any) -> bool:
    if scope.coordinator is None:
        return True
    candidates = responsible.candidates_of(session, row.peer_mentor_id, organisation_id=row.organisation_id)
    return bool(candidates) and candidates[0].coordinator_id == scope.coordinator


def _values(cipher: FieldCipher, event: PauseEvent) -> dict[str, Any]:
    audience = event.audience
    return {
        "id": event.id,
        "organisation_id": event.organisation_id,
        "peer_mentor_id": event.peer_mentor_id,
        "event_type": event.event_type.value,
        "effective_date": event.effective_date,
        **_sealed(cipher, event),
        "expected_return_date": event.expected_return_date,
        "expiry_date": event.expiry_date,
        "days_remaining": event.days_remaining,
        "coordinator_id": audience.coordinator_id,
        "admin_ids": list(audience.admin_ids),
        "also_ids": list(audience.also),
        "acted_by_id": audience.acted_by.id if audience.acted_by else None,
        "acted_by_name": audience.acted_by.name if audience.acted_by else None,
        "resolution_rule": event.resolution_rule,
        "resolution_source": event.resolution_source,
        "announcement_id": event.announcement_id,
        "revision": event.revision,
        "created_at": event.created_at,
    }


def _sealed(cipher: FieldCipher, event: PauseEvent) -> dict[str, Any]:
    key_id, sealed = (None, None) if event.reason is None else cipher.encrypt(event.id, event.reason)
    return {"reason_key_id": key_id, "encrypted_reason": sealed}


def _event(cipher: FieldCipher | None, row: Any, dispatch_results: tuple[DispatchResult, ...]) -> PauseEvent:
    return PauseEvent(
        id=row.id,
        organisation_id=row.organisation_id,
        peer_mentor_id=row.peer_mentor_id,
        event_type=EventType(row.event_type),
        effective_date=row.effective_date,
        reason=_reason(cipher, row),
        expected_return_date=row.expected_return_date,
        expiry_date=row.expiry_date,
        days_remaining=row.days_remaining,
        audience=_audience(row),
        resolution_rule=row.resolution_rule,
        resolution_source=row.resolution_source,
        announcement_id=row.announcement_id,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        dispatch_results=dispatch_results,
    )


def _reason(cipher: FieldCipher | None, row: Any) -> str | None:
    if cipher is None or row.encrypted_reason is None or row.reason_key_id is None:
        return None
    try:
        return cipher.decrypt(row.id, row.reason_key_id, row.encrypted_reason)
    except DecryptionError:
        log.error("event.reason_unreadable", event_id=row.id)
        return None  # one such row must not cost anybody the list


def _audience(row: Any) -> Audience:
    acted_by = None
    if row.acted_by_id is not None and row.acted_by_name is not None:
        acted_by = ActedBy(id=row.acted_by_id, name=row.acted_by_name)
    return Audience(
        coordinator_id=row.coordinator_id, admin_ids=tuple(row.admin_ids), also=tuple(row.also_ids), acted_by=acted_by
    )
