"""Deliver outbox messages: announce and withdraw events, and send changed contacts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.outbox import Delivered, Delivery, FinalState, Reschedule
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import DispatchResult, Status, next_look
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.ports import Notifier
from orchestrator_service.store import audit, certifications, contacts, pause_events, people, situations
from orchestrator_service.store.situations import Situation

from .audiences import addressed
from .outbox_messages import is_too_late, occurred_at

ACTOR = "relay"


@dataclass(frozen=True, kw_only=True)
class Announcing:
    """Used by the relay, and by the request that has just recorded an event. Raises what the Notifier raises."""

    database: Database
    notifier: Notifier
    clock: Clock
    scale: float

    def announce(self, delivery: Delivery) -> Delivered | Reschedule:
        """Send the event to its audience, or ask for the outcomes; repeated until every outcome is final.

        The facts are read again each time. What is no longer true is withdrawn, and as long as nothing was accepted,
        those who are responsible now are told. Once nothing can be sent any more, what is open is `expired`; an outcome
        that arrives later corrects that.
        """
        with self.database.begin(tenant(delivery.tenant)) as session:
            event = self._event(session, delivery)
            situation = None if event is None else situations.of_event(session, event, at=self.clock())
            if event is not None and situation is not None and not event.dispatch_results:
                event = self._readdressed(session, event, situation)
        if event is None:
            return Delivered()  # removed before it could be announced
        is_over = is_too_late(delivery, now=self.clock(), scale=self.scale)
        if is_over and event.is_open:
            return Reschedule(after=timedelta(0), on_commit=partial(self._end, event=event, status=Status.EXPIRED))
        results = self._told(delivery, event, situation)
        is_known = all(result.status.is_final for result in results)
        if is_over:
            results = [replace(each, status=Status.EXPIRED) if not each.status.is_final else each for each in results]
        on_commit = partial(self._record, event=event, situation=situation, results=results, at=self.clock())
        if is_known:
            return Delivered(on_commit=on_commit)
        return Reschedule(after=next_look(delivery.attempt) * self.scale, on_commit=on_commit)

    def _told(self, delivery: Delivery, event: PauseEvent, situation: Situation | None) -> Sequence[DispatchResult]:
        """The outcomes by now, of announcing the event or of withdrawing it where it is no longer true."""
        if situation is not None and event.still_holds(
            certified_until=situation.mentor.certified_until, time_zone=situation.mentor.time_zone
        ):
            return self.notifier.announce(
                event,
                announcement_id=delivery.id,
                occurred_at=occurred_at(delivery, event, scale=self.scale),
                contact_version=situation.contact_version,
            )
        if withdrawn := self.notifier.withdraw(delivery.id):
            return withdrawn
        with self.database.begin(tenant(delivery.tenant)) as session:
            return self._ended(session, event, Status.SKIPPED)

    def _record(
        self,
        session: Session,
        *,
        event: PauseEvent,
        situation: Situation | None,
        results: Sequence[DispatchResult],
        at: datetime,
    ) -> None:
        """Another recipient than ours: the notification service has turned to the one who is responsible by now."""
        if situation is not None and not {result.recipient_id for result in results} <= set(event.recipients):
            event = self._readdressed(session, event, situation)
        pause_events.record_results(session, event, results, at=at)

    def _readdressed(self, session: Session, event: PauseEvent, situation: Situation) -> PauseEvent:
        """The event for those who are responsible now, stored if they are others than before."""
        now = addressed(session, event, situation)
        if now.audience == event.audience:
            return event
        pause_events.save_audience(session, now)
        who = {"from": event.coordinator_id, "to": now.coordinator_id}
        audit.record_event(session, "event_readdressed", now, actor_id=ACTOR, at=self.clock(), details=who)
        return now

    def withdraw(self, delivery: Delivery) -> Delivered:
        """Withdraw the messages that the notification service has not sent yet."""
        self.notifier.withdraw(UUID(delivery.payload["announcement_id"]))
        return Delivered()

    def update_contacts(self, delivery: Delivery) -> Delivered:
        """Send the contacts as they are now; their versions make repeats and disorder harmless."""
        payload = delivery.payload
        with self.database.begin(tenant(delivery.tenant)) as session:
            batch = contacts.batch(session, payload["organisation_id"], payload["people"], at=self.clock())
        self.notifier.update_contacts(batch)
        return Delivered()

    def update_certification(self, delivery: Delivery) -> Delivered:
        """Tell the certification as it is now; its version makes repeats and disorder harmless."""
        with self.database.begin(tenant(delivery.tenant)) as session:
            news = certifications.news(session, delivery.payload["mentor_id"])
        if news is not None:
            self.notifier.update_certification(news)
        return Delivered()

    def give_up(self, session: Session, delivery: Delivery, ending: FinalState) -> None:
        """Record how an announcement ended badly: nothing was sent, or that is unknown. Does not commit."""
        event = self._event(session, delivery)
        if event is None:
            return
        if ending is FinalState.EXPIRED:
            self._end(session, event, Status.EXPIRED)
        else:
            self._end(session, event, Status.UNKNOWN if event.dispatch_results else Status.FAILED)

    def _event(self, session: Session, delivery: Delivery) -> PauseEvent | None:
        return pause_events.get_without_reason(session, delivery.payload["event_id"], organisation_id=delivery.tenant)

    def _ended(self, session: Session, event: PauseEvent, status: Status) -> Sequence[DispatchResult]:
        if event.dispatch_results:
            return event.ended(status)
        channels = people.channels_of(session, event.recipients, organisation_id=event.organisation_id)
        return event.addressed_to(channels, status=status)

    def _end(self, session: Session, event: PauseEvent, status: Status) -> None:
        pause_events.record_results(session, event, self._ended(session, event, status), at=self.clock())
