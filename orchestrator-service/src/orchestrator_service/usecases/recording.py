"""Record a pause event together with the promise to announce it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from shared_lib import idempotency
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import Unavailable
from shared_lib.idempotency import Replay, RequestKey
from shared_lib.ids import uuid7
from shared_lib.outbox import Dispatcher, Enqueued
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import Audience, DispatchResult, Status
from orchestrator_service.domain.errors import EventNotFound, ExpiryUnknown, MentorNotFound
from orchestrator_service.domain.pause_events import EVENT_RULES, Draft, PauseEvent, new_event_id
from orchestrator_service.domain.ports import FieldCipher
from orchestrator_service.domain.responsibility import Unresolved, responsible_of
from orchestrator_service.domain.roles import Actor
from orchestrator_service.store import audit, dispatch_results, pause_events, people, situations
from orchestrator_service.store.situations import Situation

from .announcing import Told
from .promises import to_announce
from .reach import tenant_scope_of

log = structlog.get_logger(__name__)

LONGEST_WAIT = 1.8
"""Seconds that a request waits to see its promise kept."""

NOTHING = Enqueued()


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The event, and whether this request made it (`is_replay`: its Idempotency-Key had been used before)."""

    event: PauseEvent
    is_new: bool
    is_replay: bool = False


@dataclass(frozen=True, kw_only=True)
class Recording:
    database: Database
    dispatcher: Dispatcher
    cipher: FieldCipher
    clock: Clock

    def record(self, draft: Draft, *, actor: Actor, key: RequestKey | None, wait_seconds: float) -> Recorded:
        """Store the event and the promise to announce it, then wait this long at most to see it kept.

        The same mentor, type and effective date is the same event, and nobody is told again. Raises MentorNotFound,
        ExpiryUnknown, KeyReused, and EventNotFound when what the key stands for has been removed.
        """
        while True:
            try:
                recorded, enqueued = self._recorded(draft, actor, key, queueing=wait_seconds > 0)
                break
            except IntegrityError as fault:
                if not pause_events.is_id_taken(fault):
                    raise
        if not enqueued.deliveries:
            return recorded
        told = self.dispatcher.deliver_now(enqueued, wait_seconds=wait_seconds)
        return replace(recorded, event=self._as_told(recorded.event, told))

    def _recorded(
        self, draft: Draft, actor: Actor, key: RequestKey | None, *, queueing: bool
    ) -> tuple[Recorded, Enqueued]:
        event_id = new_event_id()
        with self.database.begin(tenant_scope_of(actor.scope)) as session:
            replay = idempotency.claim(session, key, at=self.clock()) if key is not None else None
            if replay is not None:
                event = pause_events.get(session, self.cipher, replay.resource_id, actor.scope)
                return Recorded(event=_found(event), is_new=replay.status == 201, is_replay=True), NOTHING
            people.take_turn(session, draft.peer_mentor_id)
            situation = situations.of(session, draft, actor).value
            if situation is None:
                raise MentorNotFound
            recorded, enqueued = self._added(session, draft, actor, situation, event_id=event_id, queueing=queueing)
            if key is not None:
                stands_for = Replay(resource_id=recorded.event.id, status=201 if recorded.is_new else 200)
                idempotency.complete(session, key, stands_for)
        return recorded, enqueued

    def _added(
        self, session: Session, draft: Draft, actor: Actor, situation: Situation, *, event_id: str, queueing: bool
    ) -> tuple[Recorded, Enqueued]:
        if situation.twin_id is not None:
            twin = pause_events.get(session, self.cipher, situation.twin_id, actor.scope)
            return Recorded(event=_found(twin), is_new=False), NOTHING
        event = self._opened(session, draft, situation, event_id)
        enqueued = NOTHING
        if _changes_nothing(event, situation):
            pause_events.add(session, self.cipher, event)
            dispatch_results.record(session, event, _skipped(session, event), at=self.clock())
        else:
            announcement_id = uuid7()
            event = replace(event, announcement_id=announcement_id)
            promise = to_announce(event, announcement_id, scale=self.dispatcher.retry.scale)
            pause_events.add(session, self.cipher, event)
            enqueued = self.dispatcher.enqueue(session, promise, queueing=queueing)
        audit.record_event(session, "event_recorded", event, actor_id=actor.id, at=self.clock())
        return Recorded(event=event, is_new=True), enqueued

    def _opened(self, session: Session, draft: Draft, situation: Situation, event_id: str) -> PauseEvent:
        at, mentor = self.clock(), situation.mentor
        draft = draft.completed(certified_until=mentor.certified_until, at=at)
        if not draft.is_complete:
            raise ExpiryUnknown
        audience = _audience(session, situation)
        event = PauseEvent.opened(
            draft,
            event_id=event_id,
            organisation_id=mentor.organisation_id,
            audience=audience,
            responsibility=responsible_of(situation.candidates),
            at=at,
        )
        if audience.coordinator_id is not None:
            return event
        has_chapters = people.has_chapters(session, mentor.id, organisation_id=mentor.organisation_id)
        why = Unresolved.NO_ASSIGNMENT if has_chapters else Unresolved.NO_CHAPTER
        log.warning("event.no_coordinator", mentor_id=mentor.id, organisation_id=mentor.organisation_id, rule=why.value)
        return replace(event, resolution_rule=why, resolution_source="admins")

    def _as_told(self, event: PauseEvent, told: Mapping[UUID, object]) -> PauseEvent:
        """With what is known by now; as it was recorded if the database has become unreachable.

        It is accepted by now: to answer 503 would only make the caller ask once more.
        """
        for news in told.values():
            if isinstance(news, Told):
                return replace(event, dispatch_results=news.results)
        try:
            with self.database.begin(tenant(event.organisation_id)) as session:
                results = dispatch_results.of_events(session, [event.id])
        except Unavailable:
            return event
        return replace(event, dispatch_results=tuple(results.value.get(event.id, ())))


def _changes_nothing(event: PauseEvent, situation: Situation) -> bool:
    """Activated while already paused, or deactivated while active."""
    return EVENT_RULES[event.event_type].is_paused_after == situation.is_paused


def _skipped(session: Session, event: PauseEvent) -> list[DispatchResult]:
    channels = people.channels_of(session, event.recipients, organisation_id=event.organisation_id)
    return event.addressed_to(channels, status=Status.SKIPPED)


def _audience(session: Session, situation: Situation) -> Audience:
    mentor, candidates = situation.mentor, situation.candidates
    coordinator_id = candidates[0].coordinator_id if candidates else None
    others = dict.fromkeys(candidate.coordinator_id for candidate in candidates)
    return Audience(
        coordinator_id=coordinator_id,
        admin_ids=() if coordinator_id else people.admins_of(session, mentor.organisation_id),
        also=tuple(other for other in others if other != coordinator_id) if mentor.tells_all_coordinators else (),
        acted_by=situation.acted_by,
    )


def _found(event: PauseEvent | None) -> PauseEvent:
    if event is None:
        raise EventNotFound
    return event
