"""Who did what: written with the act, never changed, ids and codes only."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from shared_lib.audit import AuditEntry, AuditFilters
from shared_lib.audit.reading import TrailColumns
from shared_lib.clock import Clock
from shared_lib.pagination import PageRequest, Slice
from shared_lib.statements import send
from sqlalchemy import ColumnElement, or_, select, union_all
from sqlalchemy.orm import Session

from notification_service.domain.model import Dispatch

from .tables import AuditRow, ContactRow, outbox, outbox_closed

OPERATOR = "operator"
NOBODYS = "-"


def write(session: Session, act: str, dispatch: Dispatch, *, actor: str, at: datetime) -> None:
    """In the transaction of the act."""
    send(
        session,
        "INSERT INTO audit (at, act, actor, organisation_id, subject_id, object_id, code) "
        "VALUES (%(at)s, %(act)s, %(actor)s, %(organisation_id)s, %(subject_id)s, %(object_id)s, %(code)s)",
        {
            "at": at,
            "act": act,
            "actor": actor,
            "organisation_id": dispatch.organisation_id,
            "subject_id": dispatch.mentor_id,
            "object_id": str(dispatch.id),
            "code": dispatch.notice.value,
        },
    )


def write_erasure(session: Session, person_id: str, *, at: datetime) -> None:
    """That a person's data were removed; his organisation's administrators see it."""
    organisation_id = session.scalar(select(ContactRow.organisation_id).where(ContactRow.id == person_id))
    session.add(
        AuditRow(
            at=at,
            act="person_erased",
            actor=OPERATOR,
            organisation_id=organisation_id or NOBODYS,
            subject_id=person_id,
            object_id=person_id,
            code=None,
        )
    )


def of_operator(clock: Clock) -> Callable[[Session, str, UUID], None]:
    """What the command line does to outbox rows."""

    def write_act(session: Session, act: str, outbox_id: UUID) -> None:
        places = [
            select(table.c.tenant, table.c.kind).where(table.c.id == outbox_id) for table in (outbox, outbox_closed)
        ]
        found = session.execute(union_all(*places)).first()
        session.add(
            AuditRow(
                at=clock(),
                act=act,
                actor=OPERATOR,
                organisation_id=found.tenant if found else NOBODYS,
                subject_id=NOBODYS,
                object_id=str(outbox_id),
                code=found.kind if found else None,
            )
        )

    return write_act


def page(
    session: Session, filters: AuditFilters, request: PageRequest, *, organisation_id: str | None
) -> Slice[AuditEntry]:
    """Newest first; a filter by object means a dispatch or a mentor. Of every organisation when none is named."""
    return _COLUMNS.page(session, filters, request, organisation_id=organisation_id)


def _about(object_id: str) -> ColumnElement[bool]:
    return or_(AuditRow.object_id == object_id, AuditRow.subject_id == object_id)


def _entry(row: AuditRow) -> AuditEntry:
    details = {"subject_id": None if row.subject_id == NOBODYS else row.subject_id, "code": row.code}
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor_id=row.actor,
        action=row.act,
        object_id=row.object_id,
        organisation_id=None if row.organisation_id == NOBODYS else row.organisation_id,
        details=details,
    )


_COLUMNS = TrailColumns(row=AuditRow, actor_id=AuditRow.actor, action=AuditRow.act, about=_about, entry=_entry)
