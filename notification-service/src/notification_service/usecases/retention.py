"""What is kept for a time only, and for how long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from shared_lib.privacy.retention import RetentionRule, old_deliveries, old_keys

from notification_service.store import retention


def rules(*, now: datetime, message_days: int, inbox_retention_days: int) -> Sequence[RetentionRule]:
    """Names go that many days after the last message ended, inbox texts so many days after they came (0: never).

    Keys and closed deliveries go when their time is up.
    """
    names = RetentionRule(
        name="names", purge_batch=partial(retention.remove_names, before=now - timedelta(days=message_days))
    )
    texts = RetentionRule(
        name="inbox texts",
        purge_batch=partial(retention.remove_texts, before=now - timedelta(days=inbox_retention_days)),
    )
    wanted = [rule for rule, days in ((names, message_days), (texts, inbox_retention_days)) if days]
    return [*wanted, old_keys(now), old_deliveries(now)]
