"""Removing what is kept for a time only: a batch of rows per call, by id."""

from datetime import datetime
from uuid import UUID

from shared_lib.privacy.retention import BATCH, PurgedBatch
from sqlalchemy import text
from sqlalchemy.orm import Session

from acknowledgement_service.domain.model import Act

ACTOR = "retention"
FIRST = UUID(int=0)

# What somebody is changing at this moment is left for the next run. Chains of the audit log are lengthened in the
# order of their names, so that two of these never wait for each other in a circle.
_REMOVE_NOTES = text(
    """
WITH looked_at AS MATERIALIZED (
    SELECT id FROM lapse WHERE id > :after ORDER BY id LIMIT :most
), due AS (
    SELECT lapse.id FROM lapse JOIN looked_at USING (id)
    WHERE (lapse.encrypted_notes IS NOT NULL OR lapse.coordinator_notes IS NOT NULL) AND lapse.acknowledged_at < :before
        AND NOT EXISTS (
            SELECT FROM audit_entry WHERE object_id = lapse.id::text AND action = :noted AND at >= :before
        )
    FOR UPDATE OF lapse SKIP LOCKED
), removed AS (
    UPDATE lapse SET encrypted_notes = NULL, notes_key_id = NULL, coordinator_notes = NULL, version = version + 1
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
SELECT (SELECT id FROM looked_at ORDER BY id DESC LIMIT 1) AS position, (SELECT count(*) FROM written) AS removed
"""
)


def remove_notes(session: Session, after: UUID | None, *, before: datetime, at: datetime) -> PurgedBatch:
    """Remove the notes of lapses that were acknowledged, and last noted upon, before then; each with an audit entry.

    The lapse and its acknowledgement are proof and stay; its version (ETag) grows.
    """
    row = session.execute(
        _REMOVE_NOTES,
        {
            "after": after or FIRST,
            "most": BATCH,
            "before": before,
            "at": at,
            "noted": Act.NOTED.value,
            "act": Act.NOTES_EXPIRED.value,
            "actor": ACTOR,
        },
    ).one()
    return PurgedBatch(removed=row.removed, position=row.position)
