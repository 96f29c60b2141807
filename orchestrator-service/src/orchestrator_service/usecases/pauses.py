"""Pauses: list them, change a return date, ask a mentor how they are."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from shared_lib import agenda, idempotency
from shared_lib.idempotency import Replay, RequestKey
from shared_lib.pagination import Page, PageRequest
from sqlalchemy.orm import Session

from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.errors import EventNotFound, TooSoon
from orchestrator_service.domain.notices import NoticeKind
from orchestrator_service.domain.pause_events import Correction, PauseEvent, in_milliseconds
from orchestrator_service.domain.pauses import (
    CHECK_IN_INTERVAL,
    CheckIn,
    ListedPause,
    PauseFilter,
    days_overdue,
    must_be_open,
    pause_subject,
)
from orchestrator_service.store import audit, pause_lists, people, settings
from orchestrator_service.store.people import tenant_scope_of

from .outbox_messages import to_notify
from .pause_events import PauseEvents

CHECK_IN = NoticeKind.CHECK_IN.value


@dataclass(frozen=True, kw_only=True)
class Pauses:
    pause_events: PauseEvents

    def page(self, wanted: PauseFilter, request: PageRequest, *, principal: Principal) -> Page[ListedPause]:
        """The wanted pauses that the principal may see."""
        events = self.pause_events
        with events.database.begin(tenant_scope_of(principal.scope)) as session:
            return pause_lists.page(session, principal.scope, wanted, request, at=events.clock())

    def set_return_date(
        self, event_id: str, returns: datetime | None, *, principal: Principal, versions: Collection[int] | None
    ) -> tuple[PauseEvent, bool]:
        """Store another return date of an open pause, and plan by it; returns the event, and whether it is overdue.

        Raises EventNotFound, PauseEnded and StaleVersion.
        """
        events = self.pause_events
        correction = Correction.of({"expected_return_date": returns})
        event = events.correct(event_id, correction, principal=principal, versions=versions, of_open_pause=True)
        with events.database.begin(tenant_scope_of(principal.scope)) as session:
            own = settings.get(session, event.organisation_id)
        time_zone = own.settings.time_zone if own is not None else "UTC"
        return event, days_overdue(returns, at=events.clock(), time_zone=time_zone) > 0

    def check_in(self, event_id: str, *, principal: Principal, key: RequestKey | None) -> CheckIn:
        """Ask the mentor how they are, at once and at most once in seven days of a pause.

        Raises EventNotFound, PauseEnded, TooSoon and IdempotencyKeyReused.
        """
        events, at = self.pause_events, in_milliseconds(self.pause_events.clock())
        with events.database.begin(tenant_scope_of(principal.scope)) as session:
            event = events.lock(session, event_id, principal, None)
            year, week, _ = at.isocalendar()
            act = f"{CHECK_IN}/{event.id}/{year}-W{week:02}"
            new = Replay(resource_id=act, status=201)
            replay = idempotency.claim(session, key, at=at, stands_for=new) if key is not None else None
            asked = _check_ins(session, event)
            if replay is not None and replay.resource_id in asked:
                return CheckIn(
                    event_id=event.id,
                    recipient_id=event.peer_mentor_id,
                    told_at=asked[replay.resource_id],
                    is_replay=True,
                )
            must_be_open(event)
            if not people.is_mentor(session, event.peer_mentor_id):
                raise EventNotFound
            if asked and at < max(asked.values()) + CHECK_IN_INTERVAL:
                raise TooSoon(max(asked.values()) + CHECK_IN_INTERVAL)
            message = to_notify(
                NoticeKind.CHECK_IN,
                event.peer_mentor_id,
                organisation_id=event.organisation_id,
                event_id=event.id,
                at=at,
                scale=events.dispatcher.retry.scale,
            )
            agenda.record_decision(
                session,
                tenant=event.organisation_id,
                key=act,
                subject=pause_subject(event.peer_mentor_id),
                kind=CHECK_IN,
                due_at=at,
                at=at,
                object_id=str(message.id),
            )
            enqueued = events.dispatcher.enqueue(session, message)
            audit.record_event(session, "checked_in", event, actor_id=principal.id, at=at)
        events.dispatcher.deliver_now(enqueued, wait_seconds=0)
        return CheckIn(event_id=event.id, recipient_id=event.peer_mentor_id, told_at=at)


def _check_ins(session: Session, event: PauseEvent) -> dict[str, datetime]:
    """When the mentor was asked in this pause, by the key of the act."""
    rows = agenda.decisions_of(session, pause_subject(event.peer_mentor_id))
    return {row.key: row.decided_at for row in rows if row.key.startswith(f"{CHECK_IN}/{event.id}/")}
