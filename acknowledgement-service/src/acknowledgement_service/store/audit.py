"""What the audit log says about a lapse: in the transaction of the act, ids and times only."""

from datetime import datetime

from shared_lib import audit
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Act, Lapse

SUBJECT = "mentor_id"
"""The name that the details of an entry give the mentor."""


def record(session: Session, act: Act, lapse: Lapse, *, actor_id: str, at: datetime) -> None:
    """Write an entry about the lapse; it outlives the lapse. Does not commit."""
    audit.record(
        session,
        action=act.value,
        actor_id=actor_id,
        at=at,
        organisation_id=lapse.organisation_id,
        object_id=str(lapse.id),
        subject_id=lapse.mentor_id,
        details={
            "notification_id": str(lapse.notification_id),
            "coordinator_id": lapse.coordinator_id,
            "expiry_date": lapse.expiry_date.isoformat(),
        },
    )
