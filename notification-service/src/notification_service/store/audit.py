"""Who did what: written with the act, never changed, ids and codes only."""

from datetime import datetime

from sqlalchemy.orm import Session

from notification_service.domain.model import Dispatch

from .tables import AuditRow


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
