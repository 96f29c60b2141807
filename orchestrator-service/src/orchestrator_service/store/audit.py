"""Who did what and when: ids and codes only, in the same transaction as the act."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from shared_lib.audit import AuditEntry, AuditFilters
from shared_lib.audit.reading import TrailColumns
from shared_lib.pagination import PageRequest, Slice
from shared_lib.statements import send
from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from orchestrator_service.domain.pause_events import PauseEvent

from .tables import AuditRow


def note(
    session: Session,
    action: str,
    event: PauseEvent,
    *,
    actor_id: str,
    at: datetime,
    fields: Collection[str] = (),
    details: Mapping[str, str | None] | None = None,
) -> None:
    """What somebody did to an event. The database refuses to change or remove it later."""
    send(
        session,
        "INSERT INTO audit_entry (at, organisation_id, actor_id, action, event_id, peer_mentor_id, fields, details) "
        "VALUES (%(at)s, %(organisation_id)s, %(actor_id)s, %(action)s, %(event_id)s, %(peer_mentor_id)s, %(fields)s, "
        "%(details)s)",
        {
            "at": at,
            "organisation_id": event.organisation_id,
            "actor_id": actor_id,
            "action": action,
            "event_id": event.id,
            "peer_mentor_id": event.peer_mentor_id,
            "fields": sorted(fields),
            "details": Jsonb(dict(details or {})),
        },
    )


def note_person(
    session: Session, action: str, person_id: str, *, organisation_id: str | None, actor_id: str, at: datetime
) -> None:
    """That a person's data were shown or removed."""
    session.add(
        AuditRow(
            at=at,
            organisation_id=organisation_id,
            actor_id=actor_id,
            action=action,
            event_id=None,
            peer_mentor_id=person_id,
            fields=[],
            details={},
        )
    )


def note_outbox(session: Session, action: str, outbox_id: UUID, *, at: datetime) -> None:
    """What operations did with a promise that ended badly."""
    _note(session, action, actor_id="operations", at=at, details={"outbox_id": str(outbox_id)})


def note_import(session: Session, *, actor_id: str, at: datetime, counts: Mapping[str, int]) -> None:
    """That the directory was brought up to date, and how much of it changed."""
    _note(session, "directory_imported", actor_id=actor_id, at=at, details=dict(counts))


def _note(session: Session, action: str, *, actor_id: str, at: datetime, details: dict[str, Any]) -> None:
    """An act that is about no single event."""
    session.add(
        AuditRow(
            at=at,
            organisation_id=None,
            actor_id=actor_id,
            action=action,
            event_id=None,
            peer_mentor_id=None,
            fields=[],
            details=details,
        )
    )


def page(
    session: Session, filters: AuditFilters, request: PageRequest, *, organisation_id: str | None
) -> Slice[AuditEntry]:
    """Newest first; a filter by object means an event or a person. Of every organisation when none is named."""
    return _COLUMNS.page(session, filters, request, organisation_id=organisation_id)


def _about(object_id: str) -> ColumnElement[bool]:
    return or_(AuditRow.event_id == object_id, AuditRow.peer_mentor_id == object_id)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor_id=row.actor_id,
        action=row.action,
        object_id=row.event_id or row.peer_mentor_id,
        organisation_id=row.organisation_id,
        details={"peer_mentor_id": row.peer_mentor_id, "fields": row.fields, **row.details},
    )


_COLUMNS = TrailColumns(row=AuditRow, actor_id=AuditRow.actor_id, action=AuditRow.action, about=_about, entry=_entry)
