"""Pause events, with their encrypted reasons, and the dispatch results of their notices."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import structlog
from shared_lib.privacy.encryption import DecryptionError, FieldCipher
from sqlalchemy import ColumnElement, Select, and_, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import AccessScope
from orchestrator_service.domain.announcements import ActedBy, Audience, DispatchResult, Status
from orchestrator_service.domain.errors import SameEventExists
from orchestrator_service.domain.pause_events import EVENT_RULES, Draft, EventType, PauseEvent
from orchestrator_service.domain.pauses import Cause

from . import people
from .tables import DispatchResultRow, FormerEventRow, PauseEventRow

log = structlog.get_logger(__name__)

_OWN = {field.name for field in fields(PauseEvent)} - {"event_type", "cause"}
_STORED_AS_THEY_ARE = tuple(column for column in PauseEventRow.__table__.columns if column.name in _OWN)
_SAME_NAME = tuple(column.name for column in _STORED_AS_THEY_ARE)
"""Members that are stored as they are, each in the column of its name."""

_RESULT = func.jsonb_build_array(
    DispatchResultRow.recipient_id,
    DispatchResultRow.channel,
    DispatchResultRow.status,
    DispatchResultRow.sent_at,
    DispatchResultRow.message_id,
)
_RESULTS_IN_ORDER = aggregate_order_by(_RESULT, DispatchResultRow.recipient_id, DispatchResultRow.channel)
_RESULTS = select(func.jsonb_agg(_RESULTS_IN_ORDER, type_=JSONB).label("results"))

COLUMNS = (
    *_STORED_AS_THEY_ARE,
    *(column for column in PauseEventRow.__table__.columns if column.name not in {*_OWN, "number"}),
    _RESULTS.where(DispatchResultRow.event_id == PauseEventRow.id).scalar_subquery().label("results"),
)
"""Selected for what becomes an event, with its dispatch results. Columns, because to build an object of the mapped
class for each row costs more. The first of them are those of `_SAME_NAME`.
"""

_INSERT = insert(PauseEventRow)
_is_own = and_(PauseEventRow.id == bindparam("event_id"), PauseEventRow.organisation_id == bindparam("organisation_id"))
_OWN_BY_ID = select(*COLUMNS).where(_is_own)
_LOCK_EVENT = select(PauseEventRow.id).where(_is_own).with_for_update(read=True, key_share=True)
_new_result = insert(DispatchResultRow)
_RECORD_RESULTS = _new_result.on_conflict_do_update(
    index_elements=["event_id", "recipient_id", "channel"],
    set_={
        "status": _new_result.excluded.status,
        "sent_at": func.coalesce(DispatchResultRow.sent_at, _new_result.excluded.sent_at),
        "message_id": func.coalesce(_new_result.excluded.message_id, DispatchResultRow.message_id),
    },
)
_RESULTS_OF = _RESULTS.where(DispatchResultRow.event_id == bindparam("event_id"))


def add(session: Session, cipher: FieldCipher, event: PauseEvent) -> None:
    """Store a new event without dispatch results. When its id is taken (`is_id_taken`), the transaction fails."""
    audience = event.audience
    values = {
        **{name: getattr(event, name) for name in _SAME_NAME},
        **_encrypted(cipher, event),
        "event_type": event.event_type.value,
        "cause": None if event.cause is None else event.cause.value,
        **_recipient_values(event),
        "acted_by_id": audience.acted_by.id if audience.acted_by else None,
        "acted_by_name": audience.acted_by.name if audience.acted_by else None,
    }
    session.connection().execute(_INSERT, values)  # Core: the unit of work costs as much as the statement


def save_audience(session: Session, event: PauseEvent) -> None:
    """Store to whom the event is announced now, and why."""
    why = {"resolution_rule": event.resolution_rule, "resolution_source": event.resolution_source}
    session.execute(update(PauseEventRow).where(*_is(event)).values(**_recipient_values(event), **why))


def keep_former_key(session: Session, event: PauseEvent) -> None:
    """Keep the natural key that an event about a certification had, so that the planner does not record it again."""
    if EVENT_RULES[event.event_type].is_about_certification:
        key = {name: getattr(event, name) for name in ("organisation_id", "peer_mentor_id", "effective_date")}
        query = insert(FormerEventRow).values(event_type=event.event_type.value, **key)
        session.execute(query.on_conflict_do_nothing())


def was_removed(session: Session, draft: Draft) -> bool:
    """Whether an administrator removed or moved an event with the draft's natural key."""
    key = (FormerEventRow.peer_mentor_id, FormerEventRow.event_type, FormerEventRow.effective_date)
    own = (draft.peer_mentor_id, draft.event_type.value, draft.effective_date)
    return session.scalar(select(FormerEventRow.peer_mentor_id).where(tuple_(*key) == tuple_(*own))) is not None


def is_id_taken(fault: IntegrityError) -> bool:
    diagnosis = getattr(fault.orig, "diag", None)
    return diagnosis is not None and diagnosis.constraint_name == "pause_event_pkey"


def get(session: Session, cipher: FieldCipher, event_id: str, scope: AccessScope, *, at: datetime) -> PauseEvent | None:
    """The event, if it is in the scope at this time."""
    return _in_scope(session, cipher, _one(event_id, scope.organisation_id), scope, at=at)


def lock(
    session: Session, cipher: FieldCipher, event_id: str, scope: AccessScope, *, at: datetime
) -> PauseEvent | None:
    """The event, if it is in the scope at this time, held against other writers until the transaction ends.

    Its dispatch results are those of before it was held.
    """
    return _in_scope(session, cipher, _one(event_id, scope.organisation_id).with_for_update(), scope, at=at)


def get_without_reason(session: Session, event_id: str, *, organisation_id: str) -> PauseEvent | None:
    """The organisation's event for work that passes it on: its reason stays encrypted and is None."""
    own = {"event_id": event_id, "organisation_id": organisation_id}
    row = session.connection().execute(_OWN_BY_ID, own).one_or_none()
    return None if row is None else event_of(None, row)


def save_correction(session: Session, cipher: FieldCipher, event: PauseEvent, *, with_reason: bool) -> None:
    """Raises SameEventExists when there is another event with this natural key. Call it in the mentor's turn.

    Without `with_reason` the encrypted reason stays as it is, readable or not.
    """
    changes = {
        **(_encrypted(cipher, event) if with_reason else {}),
        "effective_date": event.effective_date,
        "expected_return_date": event.expected_return_date,
        "return_date_since": event.return_date_since,
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
    if not results or session.connection().scalar(_LOCK_EVENT, own) is None:
        return
    values = [{"event_id": event.id, **_result_values(result, at)} for result in results]
    session.connection().execute(_RECORD_RESULTS, values)


def results_of(session: Session, event_id: str) -> tuple[DispatchResult, ...]:
    """The dispatch results of an event, by recipient and channel."""
    return _results(session.connection().scalar(_RESULTS_OF, {"event_id": event_id}))


def reasons_of(session: Session, cipher: FieldCipher, event_ids: Sequence[str]) -> Mapping[str, str | None]:
    """The decrypted reasons of these events."""
    rows = session.scalars(select(PauseEventRow).where(PauseEventRow.id.in_(event_ids)))
    return {row.id: _reason(cipher, row) for row in rows}


def event_of(cipher: FieldCipher | None, row: Any) -> PauseEvent:
    """The domain object of a row of `COLUMNS`; without a cipher its reason is None."""
    acted_by = None
    if row.acted_by_id is not None and row.acted_by_name is not None:
        acted_by = ActedBy(id=row.acted_by_id, name=row.acted_by_name)
    return PauseEvent(
        **dict(zip(_SAME_NAME, row, strict=False)),
        event_type=EventType(row.event_type),
        cause=None if row.cause is None else Cause(row.cause),
        reason=_reason(cipher, row),
        audience=Audience(
            coordinator_id=row.coordinator_id,
            admin_ids=tuple(row.admin_ids),
            also=tuple(row.also_ids),
            acted_by=acted_by,
        ),
        dispatch_results=_results(row.results),
    )


def _one(event_id: str, organisation_id: str | None) -> Select[*tuple[Any, ...]]:
    query: Select[*tuple[Any, ...]] = select(*COLUMNS).where(PauseEventRow.id == event_id)
    return query if organisation_id is None else query.where(PauseEventRow.organisation_id == organisation_id)


def _in_scope(
    session: Session, cipher: FieldCipher, query: Select[*tuple[Any, ...]], scope: AccessScope, *, at: datetime
) -> PauseEvent | None:
    row = session.execute(query).one_or_none()
    if row is None or not people.is_visible(
        session, scope, row.peer_mentor_id, organisation_id=row.organisation_id, at=at
    ):
        return None
    return event_of(cipher, row)


def _is(event: PauseEvent) -> tuple[ColumnElement[bool], ...]:
    return PauseEventRow.id == event.id, PauseEventRow.organisation_id == event.organisation_id


def _recipient_values(event: PauseEvent) -> dict[str, Any]:
    audience = event.audience
    return {
        "coordinator_id": audience.coordinator_id,
        "admin_ids": list(audience.admin_ids),
        "also_ids": list(audience.also),
    }


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


def _results(found: Sequence[Sequence[str]] | None) -> tuple[DispatchResult, ...]:
    """`found` is what `_RESULTS` selects: None when there is none."""
    return tuple(_result(*values) for values in found or ())


def _result(
    recipient_id: str, channel: str, status: str, sent_at: str | None, message_id: str | None
) -> DispatchResult:
    return DispatchResult(
        recipient_id=recipient_id,
        channel=channel,
        status=Status(status),
        sent_at=None if sent_at is None else datetime.fromisoformat(sent_at),
        message_id=message_id,
    )
