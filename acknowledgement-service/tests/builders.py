"""Builders of valid objects; a test passes the values that matter."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from acknowledgement_service.domain.model import Lapse, Opening

OPENED = datetime(2026, 3, 25, 8, tzinfo=UTC)
EXPIRY = datetime(2026, 4, 1, tzinfo=UTC)


def an_opening(**difference: Any) -> Opening:
    values: dict[str, Any] = {
        "notification_id": uuid4(),
        "coordinator_id": "coord_maya_patel",
        "mentor_id": "mentor_james_okafor",
        "organisation_id": "lhl",
        "expiry_date": EXPIRY,
    }
    return Opening(**{**values, **difference})


def a_lapse(**difference: Any) -> Lapse:
    lapse_id: UUID = difference.pop("id", uuid4())
    created_at: datetime = difference.pop("created_at", OPENED)
    acknowledged_at: datetime | None = difference.pop("acknowledged_at", None)
    lapse = Lapse.opened(an_opening(**difference), lapse_id=lapse_id, at=created_at)
    return lapse if acknowledged_at is None else lapse.acknowledged(by=lapse.coordinator_id, at=acknowledged_at)
