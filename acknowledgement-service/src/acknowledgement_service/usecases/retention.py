"""What is kept for a time only, and for how long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from shared_lib.privacy.retention import RetentionRule, old_keys

from acknowledgement_service.store import retention


def rules(*, now: datetime, note_retention_days: int) -> Sequence[RetentionRule]:
    """Notes go that many days after the lapse was acknowledged (0: never), keys when their time is up."""
    notes = RetentionRule(
        name="notes",
        purge_batch=partial(retention.remove_notes, before=now - timedelta(days=note_retention_days), at=now),
    )
    return [*([notes] if note_retention_days else []), old_keys(now)]
