"""Pause events, with their encrypted reasons, and the dispatch results of their notices."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import structlog
from shared_lib.privacy.encryption import DecryptionError
from sqlalchemy import ARRAY, ColumnElement, Row, Select, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import AccessScope
from orchestrator_service.domain.announcements import ActedBy, Audience, DispatchResult, Status
from orchestrator_service.domain.errors import SameEventExists
from orchestrator_service.domain.pause_events import EventType, PauseEvent
from orchestrator_service.domain.ports import FieldCipher

from . import people
from .tables import DispatchResultRow, PauseEventRow

log = structlog.get_logger(__name__)

COLUMNS = tuple(PauseEventRow.__table__.columns)
"""Selected as columns for what becomes an event: to build an object of the mapped class for each row costs more."""

_INSERT = insert(PauseEventRow)
_LOCK_EVENT = (
    select(PauseEventRow.id)
    .where(PauseEventRow.id == bindparam("event_id"), PauseEventRow.organisation_id == bindparam("organisation_id"))
    .with_for_update(read=True, key_share=True)
)
_new_result = insert(DispatchResultRow)
_RECORD_RESULTS = _new_result.on_conflict_do_update(
    index_elements=["event_id", "recipient_id", "channel"],
    set_={
        "status": _new_result.excluded.status,
        "sent_at": func.coalesce(DispatchResultRow.sent_at, _new_result.excluded.sent_at),
        "message_id": func.coalesce(_new_result.excluded.message_id, DispatchResultRow.message_id),
    },
)
_RESULTS_OF = (
    select(*DispatchResultRow.__table__.columns)
    .where(DispatchResultRow.event_id == func.any(bindparam("event_ids", type_=ARRAY(Text))))
    .order_by(DispatchResultRow.event_id, DispatchResultRow.recipient_id, DispatchResultRow.channel)
)

_SAME_NAME = ({column.name for column in COLUMNS} & {field.name for field in fields(PauseEvent)}) - {"event_type"}
"""Members that are stored as they are, each in the column of its name."""


def add(session: Session, cipher: FieldCipher, event: PauseEvent) -> None:
    """Store a new event without dispatch results. When its id is taken (`is_id_taken`), the transaction fails."""
    audience = event.audience
    values = {
        **{name: getattr(event, name) for name in _SAME_NAME},
        **_encrypted(cipher, event),
        "event_type": event.event_type.value,
        "coordinator_id": audience.coordinator_id,
        "admin_ids": list(audience.admin_ids),
        "also_ids": list(audience.also),
        "acted_by_id": audience.acted_by.id if audience.acted_by else None,
        "acted_by_name": audience.acted_by.name if audience.acted_by else None,
    }
    session.connection().execute(_INSERT, values)  # Core: the unit of work costs as much as the statement


def is_id_taken(fault: IntegrityError) -> bool:
    diagnosis = getattr(fault.orig, "diag", None)
    return diagnosis is not None and diagnosis.constraint_name == "pause_event_pkey"


def get(session: Session, cipher: FieldCipher, event_id: str, scope: AccessScope) -> PauseEvent | None:
    """The event, if it is in the scope."""
    return _in_scope(session, cipher, _one(event_id, scope.organisation_id), scope)


def lock(session: Session, cipher: FieldCipher, event_id: str, scope: AccessScope) -> PauseEvent | None:
    """The event, if it is in the scope, held against other writers until the transaction ends."""
    return _in_scope(session, cipher, _one(event_id, scope.organisation_id).with_for_update(), scope)


def get_without_reason(session: Session, event_id: str, *, organisation_id: str) -> PauseEvent | None:
    """The organisation's event for work that passes it on: its reason stays encrypted and is None."""
    row = session.execute(_one(event_id, organisation_id)).one_or_none()
    return None if row is None else events_of(session, None, [row])[0]


def save_correction(session: Session, cipher: FieldCipher, event: PauseEvent, *, with_reason: bool) -> None:
    """Raises SameEventExists when there is another event with this mentor, type and effective date.

    Without `with_reason` the encrypted reason stays as it is, readable or not.
    """
    changes = {
        **(_encrypted(cipher, event) if with_reason else {}),
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
    session.execute(delete(PauseEventRow).where(*_is(event)))


def record_results(session: Session, event: PauseEvent, results: Sequence[DispatchResult], *, at: datetime) -> None:
    """Store how far each message has come. Idempotent; the first moment of sending stays.

    Nothing is written for an event that was removed meanwhile; it is held against its removal.
    """
    own = {"event_id": event.id, "organisation_id": event.organisation_id}
    if not results or session.scalar(_LOCK_EVENT, own) is None:
        return
    values = [{"event_id": event.id, **_result_values(result, at)} for result in results]
    session.connection().execute(_RECORD_RESULTS, values)


def results_of(session: Session, event_ids: Sequence[str]) -> Mapping[str, Sequence[DispatchResult]]:
    """The dispatch results of each of the events that has any, by recipient and channel."""
    results = defaultdict(list)
    for row in session.execute(_RESULTS_OF, {"event_ids": list(event_ids)}):
        results[row.event_id].append(_result(row))
    return results


def reasons_of(session: Session, cipher: FieldCipher, event_ids: Sequence[str]) -> Mapping[str, str | None]:
    """The decrypted reasons of these events."""
    rows = session.scalars(select(PauseEventRow).where(PauseEventRow.id.in_(event_ids)))
    return {row.id: _reason(cipher, row) for row in rows}


def events_of(session: Session, cipher: FieldCipher | None, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[PauseEvent]:
    """The domain objects of rows of `COLUMNS`, with their dispatch results; without a cipher their reasons are None."""
    results = results_of(session, [row.id for row in rows]) if rows else {}
    return [_event(cipher, row, results.get(row.id, ())) for row in rows]


def _event(cipher: FieldCipher | None, row: Any, results: Sequence[DispatchResult]) -> PauseEvent:
    acted_by = None
    if row.acted_by_id is not None and row.acted_by_name is not None:
        acted_by = ActedBy(id=row.acted_by_id, name=row.acted_by_name)
    return PauseEvent(
        **{name: getattr(row, name) for name in _SAME_NAME},
        event_type=EventType(row.event_type),
        reason=_reason(cipher, row),
        audience=Audience(
            coordinator_id=row.coordinator_id,
            admin_ids=tuple(row.admin_ids),
            also=tuple(row.also_ids),
            acted_by=acted_by,
        ),
        dispatch_results=tuple(results),
    )


def _one(event_id: str, organisation_id: str | None) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(*COLUMNS).where(PauseEventRow.id == event_id)
    return query if organisation_id is None else query.where(PauseEventRow.organisation_id == organisation_id)


def _in_scope(
    session: Session, cipher: FieldCipher, query: Select[*tuple[Any, ...]], scope: AccessScope
) -> PauseEvent | None:
    row = session.execute(query).one_or_none()
    if row is None or not people.is_visible(session, scope, row.peer_mentor_id, organisation_id=row.organisation_id):
        return None
    return events_of(session, cipher, [row])[0]


def _is(event: PauseEvent) -> tuple[ColumnElement[bool], ...]:
    return PauseEventRow.id == event.id, PauseEventRow.organisation_id == event.organisation_id


def _encrypted(cipher: FieldCipher, event: PauseEvent) -> dict[str, Any]:
    key_id, encrypted = (None, None) if event.reason is None else cipher.encrypt(event.id, event.reason)
    return {"reason_key_id": key_id, "encrypted_reason": encrypted}


def _reason(cipher: FieldCipher | None, row: Any) -> str | None:
    if cipher is None or row.encrypted_reason is None or row.reason_key_id is None:
        return None
    try:
        return cipher.decrypt(row.id, row.reason_key_id, row.encrypted_reason)
    except DecryptionError:
        log.error("event.reason_unreadable", event_id=row.id)
        return None  # the other events of a list are still answered


def _result_values(result: DispatchResult, at: datetime) -> dict[str, Any]:
    sent_at = (result.sent_at or at) if result.status.has_left else None
    return {**vars(result), "status": result.status.value, "sent_at": sent_at}


def _result(row: Any) -> DispatchResult:
    return DispatchResult(
        recipient_id=row.recipient_id,
        channel=row.channel,
        status=Status(row.status),
        sent_at=row.sent_at,
        message_id=row.message_id,
    )
