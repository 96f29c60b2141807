"""The facts that the recording of an event depends on, in one statement instead of seven."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import AccessScope, Principal
from orchestrator_service.domain.announcements import ActedBy
from orchestrator_service.domain.pause_events import EVENT_RULES, Draft, EventType
from orchestrator_service.domain.responsibility import Candidate

from .people import Mentor

_PAUSES = ", ".join(f"'{type_.value}'" for type_, rule in EVENT_RULES.items() if rule.is_paused_after is not None)

# The order of precedence is that of `people`; a test compares the two. OFFSET 0 keeps the planner from walking
# all events of the organisation for those of one mentor, as it does before the table has been analysed.
_SITUATION = text(
    f"""
SELECT mentor.organisation_id, certification.expires_at, organisation.tell_all_coordinators,
    (SELECT same.id FROM pause_event same
     WHERE same.organisation_id = mentor.organisation_id AND same.peer_mentor_id = mentor.id
         AND same.event_type = :event_type AND same.effective_date = :effective_date) AS duplicate_of,
    (SELECT last.event_type FROM (SELECT * FROM pause_event WHERE peer_mentor_id = mentor.id OFFSET 0) AS last
     WHERE last.organisation_id = mentor.organisation_id
         AND last.event_type IN ({_PAUSES}) AND last.announcement_id IS NOT NULL
     ORDER BY last.number DESC LIMIT 1) AS last_pause,
    (SELECT actor.name FROM person actor
     WHERE actor.id = :actor_id AND actor.organisation_id = mentor.organisation_id AND actor.is_coordinator
    ) AS actor_name,
    candidate.*
FROM person mentor
JOIN organisation ON organisation.id = mentor.organisation_id
LEFT JOIN certification ON certification.mentor_id = mentor.id
LEFT JOIN LATERAL (
    SELECT assignment.coordinator_id, assignment.chapter_id, assignment.is_primary, assignment.since
    FROM membership
    JOIN assignment USING (organisation_id, chapter_id)
    JOIN person coordinator
        ON coordinator.id = assignment.coordinator_id AND coordinator.organisation_id = membership.organisation_id
    WHERE membership.mentor_id = mentor.id AND membership.organisation_id = mentor.organisation_id
        AND assignment.active AND assignment.since <= :at AND (assignment.until IS NULL OR assignment.until > :at)
        AND coordinator.is_coordinator
) AS candidate ON true
WHERE mentor.id = :mentor_id AND mentor.is_mentor
    AND (CAST(:organisation_id AS text) IS NULL OR mentor.organisation_id = :organisation_id)
ORDER BY candidate.is_primary DESC, candidate.chapter_id COLLATE "C", candidate.since,
    candidate.coordinator_id COLLATE "C"
"""  # noqa: S608 - our own constants
)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A mentor before the draft is recorded.

    `duplicate_of` is the id of the event that the draft repeats, if there is one; `acted_by` is the principal who sends
    the draft, when that is a coordinator of the organisation and not the mentor.
    """

    mentor: Mentor
    candidates: Sequence[Candidate]
    duplicate_of: str | None
    is_paused: bool
    acted_by: ActedBy | None


def of(session: Session, draft: Draft, principal: Principal, *, at: datetime) -> Situation | None:
    """None unless there is such a mentor in the principal's scope at this time. Call it in the mentor's turn."""
    scope = principal.scope
    acts_for_mentor = principal.is_coordinator and principal.id != draft.peer_mentor_id
    values = {
        "mentor_id": draft.peer_mentor_id,
        "event_type": draft.event_type.value,
        "effective_date": draft.effective_date,
        "organisation_id": scope.organisation_id,
        "actor_id": principal.id if acts_for_mentor else None,
        "at": at,
    }
    rows = session.connection().execute(_SITUATION, values).all()
    candidates = [_candidate(row) for row in rows if row.coordinator_id is not None]
    if not rows or not _is_visible(scope, candidates):
        return None
    first = rows[0]
    return Situation(
        mentor=Mentor(
            id=draft.peer_mentor_id,
            organisation_id=first.organisation_id,
            certified_until=first.expires_at,
            tells_all_coordinators=first.tell_all_coordinators,
        ),
        candidates=candidates,
        duplicate_of=first.duplicate_of,
        is_paused=first.last_pause is not None and EVENT_RULES[EventType(first.last_pause)].is_paused_after is True,
        acted_by=None if first.actor_name is None else ActedBy(id=principal.id, name=first.actor_name),
    )


def _is_visible(scope: AccessScope, candidates: Sequence[Candidate]) -> bool:
    own = scope.coordinator_id
    return own is None or (bool(candidates) and candidates[0].coordinator_id == own)


def _candidate(row: Any) -> Candidate:
    return Candidate(
        coordinator_id=row.coordinator_id, chapter_id=row.chapter_id, is_primary=row.is_primary, since=row.since
    )
