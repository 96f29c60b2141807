"""What the audit log says about events, people and imports: in the transaction of the act, ids and codes only."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from shared_lib import audit
from sqlalchemy.orm import Session

from orchestrator_service.domain.pause_events import PauseEvent

SUBJECT = "peer_mentor_id"
"""The name that the details of an entry give the person whom it is about."""


def record_event(
    session: Session,
    action: str,
    event: PauseEvent,
    *,
    actor_id: str,
    at: datetime,
    fields: Collection[str] = (),
    details: Mapping[str, str | None] | None = None,
) -> None:
    """Write an entry about an event; `fields` are the members that changed. Does not commit."""
    audit.record(
        session,
        action=action,
        actor_id=actor_id,
        at=at,
        organisation_id=event.organisation_id,
        object_id=event.id,
        subject_id=event.peer_mentor_id,
        details={"fields": sorted(fields), **(details or {})},
    )


def record_person(
    session: Session, action: str, person_id: str, *, organisation_id: str | None, actor_id: str, at: datetime
) -> None:
    """Write that a person's data were exported or erased. Does not commit."""
    audit.record(
        session,
        action=action,
        actor_id=actor_id,
        at=at,
        organisation_id=organisation_id,
        object_id=person_id,
        subject_id=person_id,
        details={"fields": []},
    )


def record_certification(
    session: Session,
    action: str,
    mentor_id: str,
    *,
    dates: tuple[date | None, date | None],
    organisation_id: str,
    actor_id: str,
    at: datetime,
) -> None:
    """Write that a mentor's certification or enrolment changed, with the old and the new date. Does not commit."""
    before, after = (None if each is None else each.isoformat() for each in dates)
    audit.record(
        session,
        action=action,
        actor_id=actor_id,
        at=at,
        organisation_id=organisation_id,
        object_id=mentor_id,
        subject_id=mentor_id,
        details={"fields": [], "before": before, "after": after},
    )


def record_settings(
    session: Session,
    organisation_id: str,
    changes: Mapping[str, tuple[Any, Any]],
    *,
    actor_id: str,
    at: datetime,
) -> None:
    """Write which settings changed, each with the old and the new value. Does not commit."""
    texts = {name: [str(value) for value in pair] for name, pair in changes.items()}
    audit.record(
        session,
        action="settings_changed",
        actor_id=actor_id,
        at=at,
        organisation_id=organisation_id,
        object_id=organisation_id,
        details={"fields": sorted(changes), "changes": texts},
    )


def record_resending(
    session: Session, organisation_id: str, *, actor_id: str, at: datetime, counts: Mapping[str, int]
) -> None:
    """Write that all contacts of the organisation are sent again. Does not commit."""
    audit.record(
        session,
        action="contacts_resent",
        actor_id=actor_id,
        at=at,
        organisation_id=organisation_id,
        details={"fields": [], **counts},
    )


def record_import(session: Session, *, actor_id: str, at: datetime, counts: Mapping[str, int]) -> None:
    """Write that the directory was imported, and how many rows changed. Does not commit."""
    audit.record(
        session,
        action="directory_imported",
        actor_id=actor_id,
        at=at,
        organisation_id=None,
        details={"fields": [], **counts},
    )
