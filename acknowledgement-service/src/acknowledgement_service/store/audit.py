"""The audit trail: written in the transaction of the act, never changed."""

from datetime import datetime
from uuid import UUID

from shared_lib.audit import AuditEntry, AuditFilters
from shared_lib.audit.reading import TrailColumns
from shared_lib.pagination import PageRequest, Slice
from sqlalchemy import ColumnElement, insert, or_
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Act, Lapse

from .tables import AuditRow


def record(session: Session, act: Act, lapse: Lapse, *, actor_id: str, at: datetime) -> None:
    """Write an entry about the lapse; it outlives the lapse. Does not commit."""
    session.execute(
        insert(AuditRow).values(
            at=at,
            act=act.value,
            actor_id=actor_id,
            lapse_id=lapse.id,
            notification_id=lapse.notification_id,
            coordinator_id=lapse.coordinator_id,
            mentor_id=lapse.mentor_id,
            organisation_id=lapse.organisation_id,
            expiry_date=lapse.expiry_date,
        )
    )


def page(
    session: Session, filters: AuditFilters, request: PageRequest, *, organisation_id: str | None
) -> Slice[AuditEntry]:
    """Newest first; a filter by object means a lapse or a mentor. Of every organisation when none is named."""
    return _COLUMNS.page(session, filters, request, organisation_id=organisation_id)


def _about(object_id: str) -> ColumnElement[bool]:
    try:
        lapse_id = UUID(object_id)
    except ValueError:
        return AuditRow.mentor_id == object_id
    return or_(AuditRow.lapse_id == lapse_id, AuditRow.mentor_id == object_id)


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor_id=row.actor_id,
        action=row.act,
        object_id=str(row.lapse_id),
        organisation_id=row.organisation_id,
        details={
            "notification_id": str(row.notification_id),
            "coordinator_id": row.coordinator_id,
            "mentor_id": row.mentor_id,
            "expiry_date": row.expiry_date.isoformat(),
        },
    )


_COLUMNS = TrailColumns(row=AuditRow, actor_id=AuditRow.actor_id, action=AuditRow.act, about=_about, entry=_entry)
