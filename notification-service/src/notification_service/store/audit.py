"""What the audit log says about notices and people: in the transaction of the act, ids and codes only."""

from datetime import datetime

from shared_lib import audit
from sqlalchemy import select
from sqlalchemy.orm import Session

from notification_service.domain.access import ANONYMOUS_CALLER
from notification_service.domain.model import Dispatch

from .person_data import NOBODYS
from .tables import ContactRow

SUBJECT = "subject_id"
"""The name that the details of an entry give the person whom it is about."""
OPERATIONS = "operations"
RECORDED = "dispatch_recorded"


def record_dispatch(session: Session, action: str, dispatch: Dispatch, *, actor_id: str, at: datetime) -> None:
    """Write an entry about a notice; does not commit."""
    audit.record(
        session,
        action=action,
        actor_id=actor_id,
        at=at,
        organisation_id=dispatch.organisation_id,
        object_id=str(dispatch.id),
        subject_id=dispatch.mentor_id,
        details={"code": dispatch.notice.value},
    )


def anonymous_notice(session: Session, mentor_id: str, number: int) -> datetime | None:
    """When the `number`th newest notice about the mentor was recorded that a client without a token caused."""
    query = select(audit.ENTRIES.c.at).where(
        audit.ENTRIES.c.subject_id == mentor_id,
        audit.ENTRIES.c.action == RECORDED,
        audit.ENTRIES.c.actor_id.startswith(f"{ANONYMOUS_CALLER}:"),
    )
    return session.scalar(query.order_by(audit.ENTRIES.c.at.desc()).offset(number - 1).limit(1))


def record_reopening(session: Session, organisation_id: str, *, actor_id: str, at: datetime, lapses: int) -> None:
    """Write that the acknowledgement service is told all open lapses again. Does not commit."""
    audit.record(
        session,
        action="lapses_reopened",
        actor_id=actor_id,
        at=at,
        organisation_id=organisation_id,
        details={"code": None, "lapses": lapses},
    )


def record_erasure(session: Session, person_id: str, *, at: datetime) -> None:
    """Write that a person's data were erased; their organisation's administrators see it. Does not commit."""
    organisation_id = session.scalar(select(ContactRow.organisation_id).where(ContactRow.id == person_id))
    audit.record(
        session,
        action="person_erased",
        actor_id=OPERATIONS,
        at=at,
        organisation_id=None if organisation_id == NOBODYS else organisation_id,
        object_id=person_id,
        subject_id=person_id,
        details={"code": None},
    )
