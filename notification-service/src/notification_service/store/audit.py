"""Who did what: written with the act, never changed, ids and codes only."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from shared_lib.clock import Clock
from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from notification_service.domain.model import Dispatch

from .tables import AuditRow, outbox, outbox_closed

OPERATOR = "operator"
NOBODYS = "-"


def write(session: Session, act: str, dispatch: Dispatch, *, actor: str, at: datetime) -> None:
    session.add(
        AuditRow(
            at=at,
            act=act,
            actor=actor,
            organisation_id=dispatch.organisation_id,
            subject_id=dispatch.mentor_id,
            object_id=str(dispatch.id),
            code=dispatch.notice,
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
