"""Retention: which data is deleted after which time, a batch of rows per transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from shared_lib.privacy.retention import RetentionRule, by_statement, old_keys
from sqlalchemy import text

from acknowledgement_service.domain.model import Act

ACTOR = "retention"

# One statement, because a batch looks at thousands of rows and changes few of them. Rows that another transaction has
# locked are left for the next run. Audit entries are written in the order of their chains, so that two transactions
# never wait for each other.
_PURGE_NOTES = text(
    """
WITH examined AS MATERIALIZED (
    SELECT id FROM lapse WHERE id > :after ORDER BY id LIMIT :limit
), due AS (
    SELECT lapse.id FROM lapse JOIN examined USING (id)
    WHERE lapse.encrypted_notes IS NOT NULL AND COALESCE(lapse.acknowledged_at, lapse.closed_at) < :before
        AND NOT EXISTS (
            SELECT FROM audit_entry WHERE object_id = lapse.id::text AND action = :noted AND at >= :before
        )
    FOR UPDATE OF lapse SKIP LOCKED
), removed AS (
    UPDATE lapse SET encrypted_notes = NULL, notes_key_id = NULL, version = version + 1
    FROM due WHERE lapse.id = due.id
    RETURNING lapse.*
), written AS (
    INSERT INTO audit_entry (at, action, actor_id, organisation_id, object_id, subject_id, details)
    SELECT :at, :act, :actor, organisation_id, id, mentor_id, jsonb_build_object(
        'notification_id', notification_id, 'coordinator_id', coordinator_id, 'expiry_date', expiry_date
    )
    FROM removed ORDER BY organisation_id, id
    RETURNING 1
)
SELECT (SELECT id FROM examined ORDER BY id DESC LIMIT 1) AS position, (SELECT count(*) FROM written) AS removed
"""
)


def rules(*, now: datetime, note_retention_days: int) -> Sequence[RetentionRule]:
    """Notes are deleted that many days after their lapse was acknowledged or closed (0: never), idempotency keys after
    theirs.

    A note that was written later is kept as long after that. The lapse and its acknowledgement stay as proof; its
    version (ETag) grows.
    """
    notes = by_statement(
        "notes",
        _PURGE_NOTES,
        first=UUID(int=0),
        before=now - timedelta(days=note_retention_days),
        at=now,
        noted=Act.NOTED.value,
        act=Act.NOTES_EXPIRED.value,
        actor=ACTOR,
    )
    return [*([notes] if note_retention_days else []), old_keys(now)]
