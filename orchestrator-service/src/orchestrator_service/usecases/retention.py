"""What is kept for a time only, and for how long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from shared_lib.retention import Rule, old_deliveries, old_keys

from orchestrator_service.store import retention


def rules(*, now: datetime, reason_days: int, name_days: int) -> Sequence[Rule]:
    """Reasons go that many days after their pause ended, names of those who acted after they did (0: never); keys and
    closed deliveries in their own time.
    """
    ended_before = now - timedelta(days=reason_days)
    recorded_before = now - timedelta(days=name_days)
    reasons = Rule(what="reasons", sweep=partial(retention.remove_reasons, before=ended_before, at=now))
    names = Rule(what="names", sweep=partial(retention.remove_names, before=recorded_before))
    return [*([reasons] if reason_days else []), *([names] if name_days else []), old_keys(now), old_deliveries(now)]
