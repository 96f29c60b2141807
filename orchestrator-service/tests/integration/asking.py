"""Recording an event as a test asks for it, and looking at what is there then."""

from orchestrator_service.domain.pause_events import Draft, PauseEvent
from orchestrator_service.domain.roles import Actor
from orchestrator_service.usecases.recording import Recorded, Recording
from orchestrator_service.usecases.records import Records
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.idempotency import RequestKey
from sqlalchemy import func, select

from ..builders import (
    COORDINATOR,
    GLOBAL_ADMIN,
    INGRID,
)


def recorded(recording: Recording, draft: Draft, actor: Actor = INGRID, key: RequestKey | None = None) -> Recorded:
    return recording.record(draft, actor=actor, key=key, wait_seconds=2)


def a_key(fingerprint: bytes = b"f") -> RequestKey:
    return RequestKey(principal=COORDINATOR, operation="record", key="k-1", fingerprint=fingerprint)


def find(records: Records, event: PauseEvent) -> PauseEvent:
    return records.find(event.id, actor=GLOBAL_ADMIN)


def count(database: Database, table: type) -> int:
    with database.begin(all_tenants("test")) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0
