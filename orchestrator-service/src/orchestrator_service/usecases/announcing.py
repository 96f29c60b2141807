"""Deliver outbox messages: announce and withdraw events, and send changed contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.outbox import Delivered, Delivery, FinalState, Reschedule
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import DispatchResult, Status, next_look
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.ports import Notifier
from orchestrator_service.store import certifications, contacts, pause_events, people

from .outbox_messages import is_too_late


@dataclass(frozen=True, kw_only=True)
class Announcing:
    """Used by the relay, and by the request that has just recorded an event. Raises what the Notifier raises."""

    database: Database
    notifier: Notifier
    clock: Clock
    scale: float

    def announce(self, delivery: Delivery) -> Delivered | Reschedule:
        """Send the event to its audience, or ask for the outcomes; repeated until every outcome is final."""
        with self.database.begin(tenant(delivery.tenant)) as session:
            event = self._event(session, delivery)
        if event is None:
            return Delivered()  # removed before it could be announced
        if not event.dispatch_results and is_too_late(delivery, now=self.clock(), scale=self.scale):
            return Delivered(on_commit=lambda session: self._end(session, event, Status.EXPIRED))
        results = self.notifier.announce(event, announcement_id=delivery.id)
        at = self.clock()

        def record(session: Session) -> None:
            pause_events.record_results(session, event, results, at=at)

        if all(result.status.is_final for result in results):
            return Delivered(on_commit=record)
        return Reschedule(after=next_look(delivery.attempt) * self.scale, on_commit=record)

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

    def _end(self, session: Session, event: PauseEvent, status: Status) -> None:
        results: Sequence[DispatchResult] = event.ended(status)
        if not event.dispatch_results:
            channels = people.channels_of(session, event.recipients, organisation_id=event.organisation_id)
            results = event.addressed_to(channels, status=status)
        pause_events.record_results(session, event, results, at=self.clock())
