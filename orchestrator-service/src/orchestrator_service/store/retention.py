"""What is kept for a time only, for how long, and its removal: a batch of rows per call, by id."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared_lib.privacy.retention import RetentionRule, by_statement, old_deliveries, old_keys
from sqlalchemy import text

from orchestrator_service.domain.pause_events import EventType

from .situations import OPEN_PAUSE

ACTOR = "retention"

# A pause ends with the mentor's next resumption, in the order of recording, on the day that it names. An event that was
# skipped shares the fate of the pause it fell into; where the record of that pause is gone and the mentor is not
# paused, it ended when it was recorded. A mentor belongs to one organisation; to name that too tempts a planner with
# old statistics to read all of its events for each of them (200,000 events: more than 30 s a batch).
_ENDED = f"""
COALESCE(
    (SELECT resumed.effective_date FROM pause_event resumed
     WHERE resumed.peer_mentor_id = event.peer_mentor_id
         AND resumed.event_type = :resumed AND resumed.number > event.number
     ORDER BY resumed.number LIMIT 1),
    CASE WHEN event.cause IS NULL AND NOT EXISTS (
        SELECT FROM pause_event own WHERE own.peer_mentor_id = event.peer_mentor_id AND {OPEN_PAUSE}
    ) THEN event.created_at END
)
"""  # noqa: S608 - a constant
# A row that is being changed at this moment is left for the next run. Hash chains of the audit log grow in the
# order of their names, so that two of these never wait for each other in a circle.
_REMOVE_REASONS = text(
    f"""
WITH looked_at AS MATERIALIZED (
    SELECT id FROM pause_event WHERE id > :after ORDER BY id LIMIT :limit
), due AS (
    SELECT event.id FROM pause_event event JOIN looked_at USING (id)
    WHERE event.encrypted_reason IS NOT NULL AND {_ENDED} < :before
    FOR UPDATE OF event SKIP LOCKED
), removed AS (
    UPDATE pause_event event SET encrypted_reason = NULL, reason_key_id = NULL, revision = revision + 1
    FROM due WHERE event.id = due.id
    RETURNING event.id, event.organisation_id, event.peer_mentor_id
), audited AS (
    INSERT INTO audit_entry (at, organisation_id, actor_id, action, object_id, subject_id, details)
    SELECT :at, organisation_id, :actor, 'reason_expired', id, peer_mentor_id, '{{"fields": ["reason"]}}'
    FROM removed ORDER BY organisation_id, id
    RETURNING 1
)
SELECT (SELECT max(id) FROM looked_at) AS position, (SELECT count(*) FROM audited) AS removed
"""  # noqa: S608 - a constant
)

_REMOVE_NAMES = text(
    """
WITH looked_at AS MATERIALIZED (
    SELECT id FROM pause_event WHERE id > :after ORDER BY id LIMIT :limit
), due AS (
    SELECT event.id FROM pause_event event JOIN looked_at USING (id)
    WHERE event.acted_by_name IS NOT NULL AND event.created_at < :before
    FOR UPDATE OF event SKIP LOCKED
), removed AS (
    UPDATE pause_event event SET acted_by_name = NULL FROM due WHERE event.id = due.id RETURNING 1
)
SELECT (SELECT max(id) FROM looked_at) AS position, (SELECT count(*) FROM removed) AS removed
"""
)


def rules(*, now: datetime, reason_retention_days: int, actor_name_retention_days: int) -> Sequence[RetentionRule]:
    """Reasons go that many days after their pause ended, names of those who acted after they did (0: never); keys and
    closed deliveries in their own time.

    The record is another one without its reason, so its revision (ETag) grows; `updated_at` is for corrections. A name
    is there for the announcement alone, which is given up within days, and no answer shows it: so the record is the
    same one as before, and one that operations announce anew after this speaks of the coordinator without a name.
    """
    reasons = by_statement(
        "reasons",
        _REMOVE_REASONS,
        first="",
        before=now - timedelta(days=reason_retention_days),
        at=now,
        actor=ACTOR,
        resumed=EventType.PAUSE_DEACTIVATED.value,
    )
    names = by_statement("names", _REMOVE_NAMES, first="", before=now - timedelta(days=actor_name_retention_days))
    chosen = [rule for rule, days in ((reasons, reason_retention_days), (names, actor_name_retention_days)) if days]
    return [*chosen, old_keys(now), old_deliveries(now)]
