"""Who did what: written with the act, never changed, ids and codes only."""

from datetime import datetime

from sqlalchemy.orm import Session

from notification_service.domain.model import Dispatch

from .tables import AuditRow

ANONYMOUS = "anonymous"


def write(session: Session, act: str, dispatch: Dispatch, *, actor: str | None, at: datetime) -> None:
    session.add(
        AuditRow(
            at=at,
            act=act,
            actor=actor or ANONYMOUS,
            organisation_id=dispatch.organisation_id,
            subject_id=dispatch.mentor_id,
            object_id=str(dispatch.id),
            code=dispatch.notice,
        )
    )
