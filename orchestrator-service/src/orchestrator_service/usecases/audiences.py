"""To whom an event is announced, given the situation of its mentor, and why."""

from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import Audience
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.responsibility import Candidate, Unresolved, responsible_of
from orchestrator_service.store import people
from orchestrator_service.store.situations import Situation

log = structlog.get_logger(__name__)


def addressed(session: Session, event: PauseEvent, situation: Situation) -> PauseEvent:
    """The event with the people who are responsible now: the coordinator, or the organisation's admins in their place.

    The coordinator who acted for the mentor stays the same. Stores nothing.
    """
    mentor, responsibility = situation.mentor, responsible_of(situation.candidates)
    audience = replace(audience_of(session, mentor, situation.candidates), acted_by=event.audience.acted_by)
    if responsibility is not None:
        rule, source = responsibility.rule.value, responsibility.source
    else:
        rule, source = _why_nobody(session, mentor).value, "admins"
    return replace(event, audience=audience, resolution_rule=rule, resolution_source=source)


def audience_of(session: Session, mentor: people.Mentor, candidates: Sequence[Candidate]) -> Audience:
    """Those who are responsible for the mentor: the coordinator, or the organisation's admins in their place."""
    responsibility = responsible_of(candidates)
    coordinator_id = responsibility.coordinator_id if responsibility else None
    others = dict.fromkeys(candidate.coordinator_id for candidate in candidates)
    return Audience(
        coordinator_id=coordinator_id,
        admin_ids=() if coordinator_id else people.admins_of(session, mentor.organisation_id),
        also=tuple(other for other in others if other != coordinator_id) if mentor.tells_all_coordinators else (),
    )


def _why_nobody(session: Session, mentor: people.Mentor) -> Unresolved:
    has_chapters = people.has_chapters(session, mentor.id, organisation_id=mentor.organisation_id)
    why = Unresolved.NO_ASSIGNMENT if has_chapters else Unresolved.NO_CHAPTER
    log.warning("event.no_coordinator", mentor_id=mentor.id, organisation_id=mentor.organisation_id, rule=why.value)
    return why
