"""The outbox messages for the notification service. Ids only: the rest is read when they are delivered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared_lib.outbox import Delivery, OutboxMessage

from orchestrator_service.domain.notices import NOTICE_RULES, NoticeKind
from orchestrator_service.domain.pause_events import EVENT_RULES, PauseEvent

ANNOUNCE = "announce"
WITHDRAW = "withdraw"
CONTACTS = "contacts"
ASSIGNMENTS = "assignments"
CERTIFICATION = "certification"
NOTICE = "notice"

LAST_ATTEMPTS = timedelta(minutes=15)
"""How long after an event's lifetime an attempt that began within it may still be under way."""
LATE_OUTCOMES = timedelta(days=3)
"""How long after an event's lifetime its outcomes are still asked for."""


def to_announce(event: PauseEvent, announcement_id: UUID, *, scale: float) -> OutboxMessage:
    """Announce the event to its audience; a mentor's events are announced in their order.

    That may begin within the event's lifetime; outcomes are asked for longer.
    """
    return OutboxMessage(
        id=announcement_id,
        kind=ANNOUNCE,
        payload={"event_id": event.id},
        tenant=event.organisation_id,
        ordering_key=event.peer_mentor_id,
        expires_at=event.created_at + _asked_for(event) * scale,
    )


def to_withdraw(
    announcement_id: UUID,
    *,
    mentor_id: str,
    organisation_id: str,
    expires_at: datetime,
    due_at: datetime | None = None,
) -> OutboxMessage:
    """Withdraw the messages that have not left, after every earlier outbox message about the same mentor."""
    return OutboxMessage(
        kind=WITHDRAW,
        payload={"announcement_id": str(announcement_id)},
        tenant=organisation_id,
        ordering_key=mentor_id,
        expires_at=expires_at,
        due_at=due_at,
    )


def to_update_contacts(organisation_id: str, people: Sequence[str], *, due_at: datetime) -> OutboxMessage:
    """Send the contacts of these people, and of the organisation itself; this never expires."""
    payload = {"organisation_id": organisation_id, "people": list(people)}
    return OutboxMessage(kind=CONTACTS, payload=payload, tenant=organisation_id, due_at=due_at)


def to_update_certification(organisation_id: str, mentor_id: str, *, due_at: datetime) -> OutboxMessage:
    """Tell the mentor's certification; this never expires."""
    return OutboxMessage(kind=CERTIFICATION, payload={"mentor_id": mentor_id}, tenant=organisation_id, due_at=due_at)


def to_notify(
    kind: NoticeKind,
    mentor_id: str,
    *,
    organisation_id: str,
    event_id: str | None = None,
    date: datetime | None = None,
    is_planned: bool = False,
    flags: Sequence[str] = (),
    to_coordinator: bool = True,
    at: datetime,
    scale: float,
) -> OutboxMessage:
    """Tell a notice that is no event, in the order of the mentor's events. `event_id`: the pause that it speaks of;
    `date`: the one that it states. Without `to_coordinator` the mentor alone is told.
    """
    payload = {
        "notice": kind.value,
        "mentor_id": mentor_id,
        "event_id": event_id,
        "date": None if date is None else date.isoformat(),
        "planned": is_planned,
        "flags": list(flags),
        "to_coordinator": to_coordinator,
    }
    expires_at = at + NOTICE_RULES[kind].lifetime * scale
    return OutboxMessage(
        kind=NOTICE, payload=payload, tenant=organisation_id, ordering_key=mentor_id, expires_at=expires_at
    )


def to_look_at_contacts(organisation_id: str, *, due_at: datetime) -> OutboxMessage:
    """Find the contacts of the organisation that change as days pass."""
    return OutboxMessage(kind=ASSIGNMENTS, payload={}, tenant=organisation_id, due_at=due_at)


def occurred_at(delivery: Delivery, event: PauseEvent, *, scale: float) -> datetime:
    """When the news began to age: when the event was recorded, or when an operator had it announced after all."""
    return event.created_at if delivery.expires_at is None else delivery.expires_at - _asked_for(event) * scale


def is_too_late(delivery: Delivery, *, now: datetime, scale: float) -> bool:
    """Whether nothing can be sent any more: the event's lifetime has ended, and the last attempts within it too."""
    return delivery.expires_at is not None and now >= delivery.expires_at - (LATE_OUTCOMES - LAST_ATTEMPTS) * scale


def _asked_for(event: PauseEvent) -> timedelta:
    return EVENT_RULES[event.event_type].lifetime + LATE_OUTCOMES
