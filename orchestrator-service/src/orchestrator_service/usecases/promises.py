"""What is promised to the notification service. Ids only: the rest is read when the promise is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from shared_lib.outbox import Delivery, OutboxMessage

from orchestrator_service.domain.pause_events import EVENT_RULES, PauseEvent

ANNOUNCE = "announce"
WITHDRAW = "withdraw"
CONTACTS = "contacts"

LATE_OUTCOMES = timedelta(minutes=15)
"""How much longer than it may take to tell somebody we go on asking whether he was told."""


def to_announce(event: PauseEvent, announcement_id: UUID, *, scale: float) -> OutboxMessage:
    """Tell the event's audience; a mentor's events are told in their order.

    It may begin for as long as the news is news, and outcomes are asked for a little longer. What it is told about at
    once goes with it, less the reason: nobody is told that.
    """
    longest = EVENT_RULES[event.event_type].lifetime + LATE_OUTCOMES
    return OutboxMessage(
        id=announcement_id,
        kind=ANNOUNCE,
        payload={"event_id": event.id},
        tenant=event.organisation_id,
        ordering_key=event.peer_mentor_id,
        expires_at=event.created_at + longest * scale,
        known=replace(event, reason=None),
    )


def to_withdraw(event: PauseEvent, *, at: datetime, scale: float) -> OutboxMessage:
    """Take back what has not left, after whatever of the same mentor is being told just now."""
    return OutboxMessage(
        kind=WITHDRAW,
        payload={"announcement_id": str(event.announcement_id)},
        tenant=event.organisation_id,
        ordering_key=event.peer_mentor_id,
        expires_at=at + EVENT_RULES[event.event_type].lifetime * scale,
    )


def to_tell_contacts(organisation_id: str, people: Sequence[str]) -> OutboxMessage:
    """Pass on how these people, and the organisation itself, are reached; this never grows stale."""
    payload = {"organisation_id": organisation_id, "people": list(people)}
    return OutboxMessage(kind=CONTACTS, payload=payload, tenant=organisation_id)


def is_too_late(delivery: Delivery, *, now: datetime, scale: float) -> bool:
    """Whether it is too late to begin telling anybody."""
    return delivery.expires_at is not None and now >= delivery.expires_at - LATE_OUTCOMES * scale
