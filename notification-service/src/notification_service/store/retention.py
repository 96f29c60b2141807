"""Removing what is kept for a time only: a batch of rows per call, by id."""

from datetime import datetime
from uuid import UUID

from shared_lib.privacy.retention import BATCH, PurgedBatch
from sqlalchemy import text
from sqlalchemy.orm import Session

FIRST = UUID(int=0)

# A message that is still under way is written from its dispatch, so the dispatch waits for the last of its messages.
_REMOVE_NAMES = text(
    """
WITH looked_at AS MATERIALIZED (
    SELECT id FROM dispatch WHERE id > :after ORDER BY id LIMIT :most
), due AS (
    SELECT dispatch.id FROM dispatch JOIN looked_at USING (id)
    WHERE dispatch.acted_by_name IS NOT NULL AND dispatch.created_at < :before AND NOT EXISTS (
        SELECT FROM message
        WHERE message.dispatch_id = dispatch.id AND (message.settled_at IS NULL OR message.settled_at >= :before)
    )
    FOR UPDATE OF dispatch SKIP LOCKED
), removed AS (
    UPDATE dispatch SET acted_by_name = NULL FROM due WHERE dispatch.id = due.id RETURNING 1
)
SELECT (SELECT id FROM looked_at ORDER BY id DESC LIMIT 1) AS position, (SELECT count(*) FROM removed) AS removed
"""
)
_REMOVE_TEXTS = text(
    """
WITH looked_at AS MATERIALIZED (
    SELECT message_number FROM inbox WHERE message_number > :after ORDER BY message_number LIMIT :most
), removed AS (
    DELETE FROM inbox USING looked_at
    WHERE inbox.message_number = looked_at.message_number AND inbox.created_at < :before RETURNING 1
)
SELECT (SELECT max(message_number) FROM looked_at) AS position, (SELECT count(*) FROM removed) AS removed
"""
)


def remove_names(session: Session, after: UUID | None, *, before: datetime) -> PurgedBatch:
    """Remove the names of those who acted from dispatches whose messages have all ended before then.

    The dispatch stays, and with it what makes asking again the same notice. A message that operations begin anew after
    this speaks of the coordinator without naming him.
    """
    row = session.execute(_REMOVE_NAMES, {"after": after or FIRST, "most": BATCH, "before": before}).one()
    return PurgedBatch(removed=row.removed, position=row.position)


def remove_texts(session: Session, after: int | None, *, before: datetime) -> PurgedBatch:
    """Remove what was put into people's inboxes before then, read or not. The message stays, as delivered."""
    row = session.execute(_REMOVE_TEXTS, {"after": after or 0, "most": BATCH, "before": before}).one()
    return PurgedBatch(removed=row.removed, position=row.position)
