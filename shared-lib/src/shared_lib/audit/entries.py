"""What a service's audit trail answers when it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One act: ids, codes and times only. `details` are what this service notes beyond that."""

    id: int
    at: datetime
    actor_id: str
    action: str
    object_id: str | None
    organisation_id: str | None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AuditFilters:
    """What the list is narrowed to; None does not narrow. `since` is included, `until` is not."""

    actor_id: str | None = None
    action: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
