"""Pauses as they are: why they began, when they end, and what a list of them shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pause_events import PauseEvent

PAUSE = "pause"
"""The kind of subject that a mentor's pause is on the agenda: at most one is open, so the mentor's id names it."""


class Cause(StrEnum):
    """Why a pause began or ended. What is not voluntary is told by the notice of the certification."""

    VOLUNTARY = "voluntary"
    CERTIFICATION_EXPIRED = "certification_expired"
    CERTIFICATION_RENEWED = "renewed"
    CERTIFICATION_NOT_REQUIRED = "not_required"


@dataclass(frozen=True, kw_only=True)
class Pause:
    """A pause with what its plan needs. `return_date_since`: when this return date was recorded."""

    event_id: str
    mentor_id: str
    organisation_id: str
    expected_return_date: datetime | None
    return_date_since: datetime | None

    @classmethod
    def begun_by(cls, event: "PauseEvent") -> "Pause":
        return cls(
            event_id=event.id,
            mentor_id=event.peer_mentor_id,
            organisation_id=event.organisation_id,
            expected_return_date=event.expected_return_date,
            return_date_since=event.return_date_since,
        )


def pause_subject(mentor_id: str) -> str:
    """Its name on the agenda."""
    return f"{PAUSE}:{mentor_id}"
