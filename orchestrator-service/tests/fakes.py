"""Stand-ins for what lies outside, and a clock that a test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from orchestrator_service.domain.announcements import DispatchResult, Status
from orchestrator_service.domain.contacts import Contacts, PersonContact
from orchestrator_service.domain.pause_events import PauseEvent
from shared_lib.clock import utc_now

from .builders import a_result


@dataclass
class MovableClock:
    """Time that a test moves."""

    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeNotifier:
    """A notification service that mails everybody of the audience, or fails as the test says."""

    status: Status = Status.SENT
    failure: Exception | None = None
    before: Callable[[], None] = lambda: None
    announced: list[PauseEvent] = field(default_factory=list)
    withdrawn: list[UUID] = field(default_factory=list)
    contacts: list[Contacts] = field(default_factory=list)

    def announce(self, event: PauseEvent, *, announcement_id: UUID) -> tuple[DispatchResult, ...]:
        self.before()
        if self.failure is not None:
            raise self.failure
        self.announced.append(event)
        return tuple(a_result(recipient, status=self.status) for recipient in event.recipients)

    def withdraw(self, announcement_id: UUID) -> None:
        if self.failure is not None:
            raise self.failure
        self.withdrawn.append(announcement_id)

    def update_contacts(self, contacts: Contacts) -> None:
        if self.failure is not None:
            raise self.failure
        self.contacts.append(contacts)

    def contact_of(self, person_id: str) -> PersonContact:
        """The newest that was told about this person."""
        told = [person for batch in self.contacts for person in batch.people if person.id == person_id]
        return max(told, key=lambda person: person.version)


@dataclass
class WatchedProgress:
    """Remembers which stages it saw."""

    stages: list[str] = field(default_factory=list)

    def at(self, stage: str, done: int = 0, total: int = 0) -> None:
        if stage not in self.stages:
            self.stages.append(stage)
