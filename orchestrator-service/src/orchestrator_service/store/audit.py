"""Who did what and when: ids and codes only, in the same transaction as the act."""

from collections.abc import Collection, Mapping
from datetime import datetime

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
    session.add(
        AuditRow(
            at=at,
            organisation_id=event.organisation_id,
            actor_id=actor_id,
            action=action,
            event_id=event.id,
            peer_mentor_id=event.peer_mentor_id,
            fields=sorted(fields),
            details=dict(details or {}),
        )
    )


def note_import(session: Session, *, actor_id: str, at: datetime, counts: Mapping[str, int]) -> None:
    """That the directory was brought up to date, and how much of it changed."""
    session.add(
        AuditRow(
            at=at,
            organisation_id=None,
            actor_id=actor_id,
            action="directory_imported",
            event_id=None,
            peer_mentor_id=None,
            fields=[],
            details=dict(counts),
        )
    )
