"""Read, correct and remove recorded events."""

from collections.abc import Collection
from dataclasses import dataclass

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.outbox import Dispatcher, Enqueued
from shared_lib.pagination import Page, PageRequest
from sqlalchemy.orm import Session

from orchestrator_service.domain.errors import EventNotFound
from orchestrator_service.domain.event_lists import EventFilter
from orchestrator_service.domain.pause_events import Correction, PauseEvent, Removed, in_milliseconds
from orchestrator_service.domain.ports import FieldCipher
from orchestrator_service.domain.roles import Actor
from orchestrator_service.store import audit, event_lists, pause_events

from .promises import to_withdraw
from .reach import tenant_scope_of

Versions = Collection[int] | None
NOTHING = Enqueued()


@dataclass(frozen=True, kw_only=True)
class Records:
    database: Database
    dispatcher: Dispatcher
    cipher: FieldCipher
    clock: Clock

    def page(self, wanted: EventFilter, request: PageRequest, *, actor: Actor) -> Page[PauseEvent]:
        with self.database.begin(tenant_scope_of(actor.scope)) as session:
            page = event_lists.page(session, self.cipher, actor.scope, wanted, request)
        return page.value

    def find(self, event_id: str, *, actor: Actor) -> PauseEvent:
        """Raises EventNotFound, for what is foreign just as for what does not exist."""
        with self.database.begin(tenant_scope_of(actor.scope)) as session:
            event = pause_events.get(session, self.cipher, event_id, actor.scope)
        if event is None:
            raise EventNotFound
        return event

    def correct(self, event_id: str, correction: Correction, *, actor: Actor, versions: Versions) -> PauseEvent:
        """Change what the correction names; tells nobody. Raises EventNotFound, Outdated and SameEventExists."""
        with self.database.begin(tenant_scope_of(actor.scope)) as session:
            before = self._lock(session, event_id, actor, versions)
            after = before.corrected(correction, at=self.clock())
            pause_events.save_correction(session, self.cipher, after, with_reason="reason" in correction.members)
            audit.record_event(
                session, "event_corrected", after, actor_id=actor.id, at=self.clock(), fields=correction.members
            )
        return after

    def remove(self, event_id: str, *, actor: Actor, versions: Versions) -> Removed:
        """Remove the record and take back what has not been told; ids and times stay in the audit.

        Raises EventNotFound and Outdated.
        """
        with self.database.begin(tenant_scope_of(actor.scope)) as session:
            event = self._lock(session, event_id, actor, versions)
            pause_events.remove(session, event)
            audit.record_event(
                session, "event_removed", event, actor_id=actor.id, at=self.clock(), details=_what_it_was(event)
            )
            withdrawal = self._withdrawal(session, event)
        self.dispatcher.deliver_now(withdrawal, wait_seconds=0)
        return Removed(event_id=event.id, at=in_milliseconds(self.clock()))

    def _lock(self, session: Session, event_id: str, actor: Actor, versions: Versions) -> PauseEvent:
        event = pause_events.lock(session, self.cipher, event_id, actor.scope)
        if event is None:
            raise EventNotFound
        event.must_be(versions)
        return event

    def _withdrawal(self, session: Session, event: PauseEvent) -> Enqueued:
        """Even when our own promise was still open: an earlier attempt may have reached the notification service."""
        if event.announcement_id is None:
            return NOTHING
        self.dispatcher.cancel(session, [event.announcement_id])
        return self.dispatcher.enqueue(session, to_withdraw(event, at=self.clock(), scale=self.dispatcher.retry.scale))


def _what_it_was(event: PauseEvent) -> dict[str, str | None]:
    return {
        "event_type": event.event_type,
        "effective_date": event.effective_date.isoformat(),
        "created_at": event.created_at.isoformat(),
        "coordinator_id": event.coordinator_id,
        "announcement_id": str(event.announcement_id) if event.announcement_id else None,
    }
