"""What a list of events can be narrowed to."""

from dataclasses import dataclass

from .pause_events import EventType


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    event_type: EventType | None = None
    peer_mentor_id: str | None = None
    coordinator_id: str | None = None
