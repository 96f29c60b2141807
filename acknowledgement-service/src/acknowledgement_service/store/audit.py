"""What the audit log says about a lapse: in the transaction of the act, ids and times only."""

from datetime import datetime
from typing import Any

from shared_lib import audit
from sqlalchemy import select
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Act, Lapse

SUBJECT = "mentor_id"
"""The name that the details of an entry give the mentor."""


TIER = 0
"""Days before the end of the certification: a lapse is opened by the notice of the end itself, not by a reminder."""


def record(
    session: Session, act: Act, lapse: Lapse, *, actor_id: str, at: datetime, before: Lapse | None = None
) -> None:
    """Write an entry about the lapse; it outlives the lapse. `before` is the lapse before the act. Does not commit."""
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
            **_details(act, before or lapse, lapse, actor_id),
        },
    )


def was_deleted(session: Session, lapse: Lapse) -> bool:
    """Whether a lapse of this notification was deleted."""
    entries = audit.ENTRIES.c
    of_mentor = (entries.subject_id == lapse.mentor_id) & (entries.action == Act.DELETED)
    query = select(entries.id).where(of_mentor, entries.details["notification_id"].astext == str(lapse.notification_id))
    return session.scalar(select(query.exists())) or False


def _details(act: Act, before: Lapse, after: Lapse, actor_id: str) -> dict[str, Any]:
    """What the act changed."""
    match act:
        case Act.ACKNOWLEDGED | Act.CORRECTED:
            moments = {"acknowledged_at": _moment(after), "acknowledged_at_before": _moment(before), "tier": TIER}
            return {**moments, "on_behalf_of": after.coordinator_id if after.coordinator_has_left else None}
        case Act.REASSIGNED:
            return {"from": before.coordinator_id, "to": None if after.coordinator_has_left else after.coordinator_id}
        case Act.CLOSED | Act.REOPENED:
            return {"reason": after.closed_reason or before.closed_reason}
        case _:
            return {}


def _moment(lapse: Lapse) -> str | None:
    return lapse.acknowledged_at.isoformat() if lapse.acknowledged_at else None
