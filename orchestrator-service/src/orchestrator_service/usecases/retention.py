"""What is kept for a time only, and for how long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from shared_lib.privacy.retention import RetentionRule, old_deliveries, old_keys

from orchestrator_service.store import retention


def rules(*, now: datetime, reason_retention_days: int, actor_name_retention_days: int) -> Sequence[RetentionRule]:
    """Reasons go that many days after their pause ended, names of those who acted after they did (0: never); keys and
    closed deliveries in their own time.
    """
    ended_before = now - timedelta(days=reason_retention_days)
    recorded_before = now - timedelta(days=actor_name_retention_days)
    reasons = RetentionRule(name="reasons", purge_batch=partial(retention.remove_reasons, before=ended_before, at=now))
    names = RetentionRule(name="names", purge_batch=partial(retention.remove_names, before=recorded_before))
    return [
        *([reasons] if reason_retention_days else []),
        *([names] if actor_name_retention_days else []),
        old_keys(now),
        old_deliveries(now),
    ]
