"""The audit trail: written in the transaction of the act, never changed."""

from datetime import datetime

from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Act, Lapse

from .tables import AuditRow


def add(session: Session, act: Act, lapse: Lapse, *, actor_id: str, at: datetime) -> None:
    session.add(
        AuditRow(
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
