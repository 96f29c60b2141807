"""Record, read, correct and remove pause events."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from shared_lib import idempotency
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import Unavailable
from shared_lib.idempotency import Replay, RequestKey
from shared_lib.ids import uuid7
from shared_lib.outbox import Dispatcher, Enqueued
from shared_lib.pagination import Page, PageRequest
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.announcements import Audience, Status
from orchestrator_service.domain.errors import CertificationChanged, EventNotFound, ExpiryUnknown, MentorNotFound
from orchestrator_service.domain.pause_events import (
    EVENT_RULES,
    Correction,
    Draft,
    EventFilter,
    PauseEvent,
    Removed,
    in_milliseconds,
    new_event_id,
)
from orchestrator_service.domain.pauses import must_be_open
from orchestrator_service.store import audit, event_lists, pause_events, people, situations
from orchestrator_service.store.people import tenant_scope_of
from orchestrator_service.store.situations import Situation

from .audiences import addressed
from .open_pauses import OpenPauses
from .outbox_messages import to_announce, to_withdraw

MAX_WAIT_SECONDS = 1.8
"""How long a request waits for the first attempt to deliver its outbox message."""

Versions = Collection[int] | None
"""Revisions that the caller knows; None for any."""

NOTHING = Enqueued()


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The event, and whether this request made it (`is_replay`: its Idempotency-Key had been used before)."""

    event: PauseEvent
    is_new: bool
    is_replay: bool = False


@dataclass(frozen=True, kw_only=True)
class PauseEvents:
    database: Database
    dispatcher: Dispatcher
    cipher: FieldCipher
    clock: Clock

    @property
    def open_pauses(self) -> OpenPauses:
        return OpenPauses(dispatcher=self.dispatcher)

    def record(self, draft: Draft, *, principal: Principal, key: RequestKey | None, wait_seconds: float) -> Recorded:
        """Store the event with the outbox message that announces it, commit, then wait at most `wait_seconds` for the
        first attempt to deliver it.

        The same mentor, type and effective date is the same event, unless an opposite pause event has been recorded
        since; it is not announced again. Raises MentorNotFound, ExpiryUnknown, ExpiryTooFar, IdempotencyKeyReused, for
        a planned draft CertificationChanged, and EventNotFound when the event of the key has been removed.
        """
        while True:
            try:
                recorded, enqueued = self._recorded(draft, principal, key, queueing=wait_seconds > 0)
                break
            except IntegrityError as fault:
                if not pause_events.is_id_taken(fault):
                    raise
        if not enqueued.deliveries:
            return recorded
        self.dispatcher.deliver_now(enqueued, wait_seconds=wait_seconds)
        return replace(recorded, event=self._with_results(recorded.event)) if wait_seconds > 0 else recorded

    def record_planned(self, session: Session, draft: Draft, *, principal: Principal) -> str:
        """Store the event of a planned draft in the caller's transaction, which has the mentor's turn; returns its id.

        The relays announce it. An event that is there already is not announced again. Raises MentorNotFound.
        """
        situation = situations.of(session, draft, principal, at=self.clock())
        if situation is None:
            raise MentorNotFound
        recorded, _ = self._added(session, new_event_id(), draft, principal, situation, queueing=False)
        return recorded.event.id

    def page(self, wanted: EventFilter, request: PageRequest, *, principal: Principal) -> Page[PauseEvent]:
        """The wanted events that the principal may see, newest first."""
        scope = principal.scope
        with self.database.begin(tenant_scope_of(scope)) as session:
            return event_lists.page(session, self.cipher, scope, wanted, request, at=self.clock())

    def find(self, event_id: str, *, principal: Principal) -> PauseEvent:
        """Raises EventNotFound, for an event that the principal may not see just as for one that does not exist."""
        scope = principal.scope
        with self.database.begin(tenant_scope_of(scope)) as session:
            return _found(pause_events.get(session, self.cipher, event_id, scope, at=self.clock()))

    def correct(
        self,
        event_id: str,
        correction: Correction,
        *,
        principal: Principal,
        versions: Versions,
        of_open_pause: bool = False,
    ) -> PauseEvent:
        """Change the members that the correction names; sends nothing.

        Raises EventNotFound, StaleVersion, SameEventExists and NoReturnDate; with `of_open_pause` PauseEnded too, and
        EventNotFound for an event that began no pause.
        """
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            before = self.lock(session, event_id, principal, versions)
            if of_open_pause:
                must_be_open(before)
            after, members = before.corrected(correction, at=self.clock()), correction.members
            if after.expected_return_date != before.expected_return_date:
                self.open_pauses.change(session, before, at=self.clock())
            if after.effective_date != before.effective_date:
                pause_events.keep_former_key(session, before)
            pause_events.save_correction(session, self.cipher, after, with_reason="reason" in members)
            audit.record_event(
                session, "event_corrected", after, actor_id=principal.id, at=self.clock(), fields=members
            )
        return after

    def remove(self, event_id: str, *, principal: Principal, versions: Versions) -> Removed:
        """Remove the record and withdraw the messages that have not left; ids and times stay in the audit log.

        Raises EventNotFound and StaleVersion.
        """
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            event, at = self.lock(session, event_id, principal, versions), self.clock()
            pause_events.keep_former_key(session, event)
            pause_events.remove(session, event)
            self.open_pauses.remove(session, event, at=at)
            audit.record_event(
                session, "event_removed", event, actor_id=principal.id, at=at, details=_history_of(event)
            )
            withdrawal = self._withdrawal(session, event)
        self.dispatcher.deliver_now(withdrawal, wait_seconds=0)
        return Removed(event_id=event.id, at=in_milliseconds(self.clock()))

    def _recorded(
        self, draft: Draft, principal: Principal, key: RequestKey | None, *, queueing: bool
    ) -> tuple[Recorded, Enqueued]:
        turn = people.turn_of(draft.peer_mentor_id)
        with self.database.begin(tenant_scope_of(principal.scope), turn=turn) as session:
            event_id = new_event_id()
            new = Replay(resource_id=event_id, status=201)
            replay = idempotency.claim(session, key, at=self.clock(), stands_for=new) if key is not None else None
            if replay is not None:
                replayed = pause_events.get(session, self.cipher, replay.resource_id, principal.scope, at=self.clock())
                event = _found(replayed)
                return Recorded(event=event, is_new=replay.status == 201, is_replay=True), NOTHING
            situation = situations.of(session, draft, principal, at=self.clock())
            if situation is None:
                raise MentorNotFound
            recorded, enqueued = self._added(session, event_id, draft, principal, situation, queueing=queueing)
            if key is not None and not recorded.is_new:
                idempotency.complete(session, key, Replay(resource_id=recorded.event.id, status=200))
        return recorded, enqueued

    def _added(
        self,
        session: Session,
        event_id: str,
        draft: Draft,
        principal: Principal,
        situation: Situation,
        *,
        queueing: bool,
    ) -> tuple[Recorded, Enqueued]:
        if situation.duplicate_of is not None:
            duplicate = pause_events.get(session, self.cipher, situation.duplicate_of, principal.scope, at=self.clock())
            return Recorded(event=_found(duplicate), is_new=False), NOTHING
        event, enqueued = self._opened(session, event_id, draft, situation), NOTHING
        changes_nothing = _changes_nothing(event, situation)
        event = replace(event, cause=None) if changes_nothing else event.in_force(by=principal)
        if changes_nothing or not event.is_announced:
            pause_events.add(session, self.cipher, event)
        if changes_nothing:
            channels = people.channels_of(session, event.recipients, organisation_id=event.organisation_id)
            skipped = event.addressed_to(channels, status=Status.SKIPPED)
            pause_events.record_results(session, event, skipped, at=self.clock())
        elif event.is_announced:
            announcement_id = uuid7()
            event = replace(event, announcement_id=announcement_id)
            pause_events.add(session, self.cipher, event)
            message = to_announce(event, announcement_id, scale=self.dispatcher.retry.scale)
            enqueued = self.dispatcher.enqueue(session, message, queueing=queueing)
        self.open_pauses.record(session, event, at=self.clock())
        audit.record_event(session, "event_recorded", event, actor_id=principal.id, at=self.clock())
        return Recorded(event=event, is_new=True), enqueued

    def _opened(self, session: Session, event_id: str, draft: Draft, situation: Situation) -> PauseEvent:
        at, mentor = self.clock(), situation.mentor
        if draft.is_planned and draft.expiry_date != mentor.certified_until:
            raise CertificationChanged
        draft = draft.completed(certified_until=mentor.certified_until, at=at, time_zone=mentor.time_zone)
        if not draft.is_complete:
            raise ExpiryUnknown
        event = PauseEvent.opened(
            draft,
            event_id=event_id,
            organisation_id=mentor.organisation_id,
            audience=Audience(coordinator_id=None, acted_by=situation.acted_by),
            certified_until=mentor.certified_until,
            opposite_number=situation.opposite_number,
            at=at,
        )
        return addressed(session, event, situation)

    def _with_results(self, event: PauseEvent) -> PauseEvent:
        """The event with the dispatch results of the first attempt; without them while the database is unreachable.

        The event is committed by now: 503 would only make the caller send it again.
        """
        try:
            with self.database.begin(tenant(event.organisation_id)) as session:
                results = pause_events.results_of(session, event.id)
        except Unavailable:
            return event
        return replace(event, dispatch_results=results)

    def lock(self, session: Session, event_id: str, principal: Principal, versions: Versions) -> PauseEvent:
        """The event, in the mentor's turn, held until the transaction ends. Raises EventNotFound and StaleVersion."""
        at = self.clock()
        found = _found(pause_events.get(session, self.cipher, event_id, principal.scope, at=at))
        people.take_turn(session, found.peer_mentor_id)  # as `record` does: neither meets the other's natural key
        event = _found(pause_events.lock(session, self.cipher, event_id, principal.scope, at=at))
        event.must_be(versions)
        return event

    def _withdrawal(self, session: Session, event: PauseEvent) -> Enqueued:
        """Also while our own outbox message was still open: the notification service may know an earlier attempt."""
        if event.announcement_id is None:
            return NOTHING
        self.dispatcher.cancel(session, [event.announcement_id])
        lifetime = EVENT_RULES[event.event_type].lifetime * self.dispatcher.retry.scale
        message = to_withdraw(
            event.announcement_id,
            mentor_id=event.peer_mentor_id,
            organisation_id=event.organisation_id,
            expires_at=self.clock() + lifetime,
        )
        return self.dispatcher.enqueue(session, message)


def _changes_nothing(event: PauseEvent, situation: Situation) -> bool:
    """Activated while already paused, or deactivated while active."""
    return EVENT_RULES[event.event_type].is_paused_after == situation.is_paused


def _history_of(event: PauseEvent) -> dict[str, str | None]:
    """The ids, codes and times that the audit log keeps of a removed event."""
    return {
        "event_type": event.event_type,
        "effective_date": event.effective_date.isoformat(),
        "created_at": event.created_at.isoformat(),
        "coordinator_id": event.coordinator_id,
        "announcement_id": str(event.announcement_id) if event.announcement_id else None,
    }


def _found(event: PauseEvent | None) -> PauseEvent:
    if event is None:
        raise EventNotFound
    return event
