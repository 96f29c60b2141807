"""Kinds of promises, and what the end of one means for a message."""

from datetime import datetime

from shared_lib.outbox import Delivery, FinalState
from sqlalchemy.orm import Session

from notification_service.domain.model import Channel, Status
from notification_service.store import messages

MAIL = "mail"
PUSH = "push"
LAPSE = "lapse"

KIND_OF_CHANNEL = {Channel.EMAIL: MAIL, Channel.PUSH: PUSH}

STATUS_OF_ENDING = {
    FinalState.REJECTED: Status.FAILED,
    FinalState.DEAD: Status.FAILED,
    FinalState.EXPIRED: Status.EXPIRED,
    FinalState.UNKNOWN: Status.UNKNOWN,
    FinalState.DISCARDED: Status.SKIPPED,
    FinalState.CANCELLED: Status.SKIPPED,
}


def write_bad_end(session: Session, delivery: Delivery, ending: FinalState, reason: str, *, at: datetime) -> None:
    """A message that will not be tried again, and why."""
    number, status = delivery.payload["message"], STATUS_OF_ENDING[ending]
    messages.settle(session, number, status, organisation_id=delivery.tenant, at=at, reason=reason)
