"""Keep the promises of recorded and removed events."""

from dataclasses import dataclass, replace
from uuid import UUID

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.outbox import Delivered, Delivery, FinalState, Reschedule
from sqlalchemy.orm import Session

from orchestrator_service.domain.announcements import DispatchResult, Status, next_look
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.ports import Notifier
from orchestrator_service.store import dispatch_results, pause_events, people

from .promises import is_too_late


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of the notices, as it was written down."""

    results: tuple[DispatchResult, ...]


@dataclass(frozen=True, kw_only=True)
class Announcing:
    """The door of the relay, and of the request that has just recorded an event."""

    database: Database
    notifier: Notifier
    clock: Clock
    scale: float

    def announce(self, delivery: Delivery) -> Delivered | Reschedule:
        """Tell the audience, or learn what became of it; look again until nothing is left open."""
        event = self._event(delivery)
        if event is None:
            return Delivered()  # removed before it could be announced
        if not event.dispatch_results and is_too_late(delivery, now=self.clock(), scale=self.scale):
            return Delivered(on_commit=lambda session: self._give_up(session, event, Status.EXPIRED))
        told = self.notifier.announce(event, announcement_id=delivery.id)
        at = self.clock()
        results = tuple(replace(one, sent_at=one.sent_at or at) if one.status.has_left else one for one in told)

        def settle(session: Session) -> None:
            dispatch_results.record(session, event, results, at=at)

        news = Told(results=results)
        if all(result.status.is_final for result in results):
            return Delivered(on_commit=settle, news=news)
        return Reschedule(after=next_look(delivery.attempt) * self.scale, on_commit=settle, news=news)

    def _event(self, delivery: Delivery) -> PauseEvent | None:
        """As it has just been recorded, else as it is now; None when it was removed."""
        if isinstance(delivery.known, PauseEvent):
            return delivery.known
        with self.database.begin(tenant(delivery.tenant)) as session:
            found = pause_events.get_any(session, delivery.payload["event_id"], organisation_id=delivery.tenant)
        return found.value

    def withdraw(self, delivery: Delivery) -> Delivered:
        """Take back what the notification service has not sent yet."""
        self.notifier.withdraw(UUID(delivery.payload["announcement_id"]))
        return Delivered()

    def give_up(self, session: Session, delivery: Delivery, ending: FinalState) -> None:
        """Say truthfully how it ended: nobody was told, or we cannot know."""
        event = pause_events.get_any(session, delivery.payload["event_id"], organisation_id=delivery.tenant).value
        if event is None:
            return
        if ending is FinalState.EXPIRED:
            self._give_up(session, event, Status.EXPIRED)
        else:
            self._give_up(session, event, Status.UNKNOWN if event.dispatch_results else Status.FAILED)

    def _give_up(self, session: Session, event: PauseEvent, status: Status) -> None:
        results: list[DispatchResult] = event.ended(status)
        if not event.dispatch_results:
            results = event.addressed_to(
                people.channels_of(session, event.recipients, organisation_id=event.organisation_id), status=status
            )
        dispatch_results.record(session, event, results, at=self.clock())
