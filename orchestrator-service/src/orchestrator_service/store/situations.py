"""The facts that the recording of an event depends on, in one statement instead of seven."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import AccessScope, Principal
from orchestrator_service.domain.announcements import ActedBy
from orchestrator_service.domain.pause_events import EVENT_RULES, Draft, PauseEvent
from orchestrator_service.domain.responsibility import Candidate

from .people import Mentor

OPEN_PAUSE = "own.event_type = 'pause_activated' AND own.cause IS NOT NULL AND own.ended_at IS NULL"
_PAUSES = ", ".join(f"'{type_.value}'" for type_, rule in EVENT_RULES.items() if rule.is_paused_after is not None)

# The order of precedence is that of `people`; a test compares the two. OFFSET 0 keeps the planner from walking
# all events of the organisation for those of one mentor, as it does before the table has been analysed.
_SITUATION = text(
    f"""
SELECT mentor.organisation_id, certification.expires_at, organisation.tell_all_coordinators, organisation.time_zone,
    contact.version AS contact_version, history.opposite_number,
    EXISTS (SELECT FROM pause_event AS own WHERE own.peer_mentor_id = mentor.id AND {OPEN_PAUSE}) AS is_paused,
    (SELECT same.id FROM pause_event same
     WHERE same.organisation_id = mentor.organisation_id AND same.peer_mentor_id = mentor.id
         AND same.event_type = :event_type AND same.effective_date = :effective_date
         AND same.number > history.opposite_number
     ORDER BY same.number DESC LIMIT 1) AS duplicate_of,
    (SELECT actor.name FROM person actor
     WHERE actor.id = :actor_id AND actor.organisation_id = mentor.organisation_id AND actor.is_coordinator
    ) AS actor_name,
    candidate.*
FROM person mentor
JOIN organisation ON organisation.id = mentor.organisation_id
LEFT JOIN certification ON certification.mentor_id = mentor.id
LEFT JOIN contact ON contact.person_id = mentor.id
CROSS JOIN LATERAL (
    SELECT COALESCE(max(own.number) FILTER (WHERE own.event_type <> :event_type AND :event_type IN ({_PAUSES})), 0)
            AS opposite_number
    FROM (SELECT * FROM pause_event WHERE peer_mentor_id = mentor.id OFFSET 0) AS own
    WHERE own.organisation_id = mentor.organisation_id AND own.event_type IN ({_PAUSES})
) AS history
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

    `duplicate_of` is the id of the event that the draft repeats, if there is one; `opposite_number` the number of the
    last opposite pause event, 0 if there is none; `acted_by` is the principal who sends the draft, when that is a
    coordinator of the organisation and not the mentor; `contact_version` the mentor's contact, of which the coordinator
    is a part.
    """

    mentor: Mentor
    candidates: Sequence[Candidate]
    duplicate_of: str | None
    opposite_number: int
    contact_version: int | None
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
    found = _read(session, values, actor_id=principal.id)
    return found if found is not None and _is_visible(scope, found.candidates) else None


def of_event(session: Session, event: PauseEvent, *, at: datetime) -> Situation | None:
    """The situation of a recorded event's mentor at this time; None when they are no mentor any more."""
    values = {
        "mentor_id": event.peer_mentor_id,
        "event_type": event.event_type.value,
        "effective_date": event.effective_date,
        "organisation_id": event.organisation_id,
        "actor_id": None,
        "at": at,
    }
    return _read(session, values)


def _read(session: Session, values: dict[str, Any], *, actor_id: str = "") -> Situation | None:
    rows = session.connection().execute(_SITUATION, values).all()
    if not rows:
        return None
    first = rows[0]
    return Situation(
        mentor=Mentor(
            id=values["mentor_id"],
            organisation_id=first.organisation_id,
            certified_until=first.expires_at,
            tells_all_coordinators=first.tell_all_coordinators,
            time_zone=first.time_zone,
        ),
        candidates=[_candidate(row) for row in rows if row.coordinator_id is not None],
        duplicate_of=first.duplicate_of,
        opposite_number=first.opposite_number,
        contact_version=first.contact_version,
        is_paused=first.is_paused,
        acted_by=None if first.actor_name is None else ActedBy(id=actor_id, name=first.actor_name),
    )


def _is_visible(scope: AccessScope, candidates: Sequence[Candidate]) -> bool:
    own = scope.coordinator_id
    return own is None or (bool(candidates) and candidates[0].coordinator_id == own)


def _candidate(row: Any) -> Candidate:
    return Candidate(
        coordinator_id=row.coordinator_id, chapter_id=row.chapter_id, is_primary=row.is_primary, since=row.since
    )
