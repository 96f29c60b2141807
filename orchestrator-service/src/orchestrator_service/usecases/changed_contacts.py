"""Send contacts and certifications: those that have changed, also when a day or month has come, or all."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

from shared_lib import agenda
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.outbox import Delivered, Delivery, Dispatcher, Reschedule
from sqlalchemy.orm import Session

from orchestrator_service.domain.certification_plan import certification_subject
from orchestrator_service.domain.errors import ImportRunning
from orchestrator_service.domain.pauses import pause_subject
from orchestrator_service.store import audit, certifications, contacts, directory_staging, pauses

from .outbox_messages import to_look_at_contacts, to_update_certification, to_update_contacts

IMPORT_PAUSE = timedelta(minutes=1)
"""How long to wait while an import runs, which records the changes itself."""


@dataclass(frozen=True, kw_only=True)
class ChangedContacts:
    database: Database
    dispatcher: Dispatcher
    clock: Clock

    def enqueue(self, session: Session) -> int:
        """Store outbox messages with every contact and certification that differs from what was last sent.

        Returns how many contacts differ.

        The relays deliver them, and look again in the next month: then an organisation has other days off ahead.
        Commits nothing.
        """
        at = self.clock()
        changed = list(contacts.record_changes(session, at=at))
        messages = [to_update_contacts(batch.organisation_id, batch.people, due_at=at) for batch in changed]
        next_month = (at.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)).replace(day=1)
        organisations = [batch.organisation_id for batch in changed if not batch.people]
        messages += [to_look_at_contacts(each, due_at=next_month) for each in organisations]
        self.dispatcher.leave_to_relays(session, *messages)
        self.enqueue_certifications(session)
        return sum(len(batch.people) for batch in changed)

    def enqueue_certifications(self, session: Session, mentor_id: str | None = None) -> None:
        """The same for certifications alone, of all mentors or of this one. Each is put on the agenda."""
        at = self.clock()
        changed = certifications.record_changes(session, at=at, mentor_id=mentor_id)
        for organisation_id, group in groupby(changed, key=itemgetter(0)):
            mentors = [mentor_id for _, mentor_id in group]
            paused = pauses.mentors_with_return_date(session, organisation_id=organisation_id)
            subjects = [*map(certification_subject, mentors), *map(pause_subject, set(paused).intersection(mentors))]
            agenda.changed(session, subjects, tenant=organisation_id)
        self.dispatcher.leave_to_relays(session, *(to_update_certification(*each, due_at=at) for each in changed))

    def enqueue_of_organisation(self, delivery: Delivery) -> Delivered | Reschedule:
        """The same for one organisation, when an assignment comes into force or a month begins. Idempotent."""
        with self.database.begin(tenant(delivery.tenant)) as session:
            if not directory_staging.take_turn(session):
                return Reschedule(after=IMPORT_PAUSE)
            self.enqueue(session)
        return Delivered()

    def resend(self, organisation_id: str, *, actor_id: str, dry_run: bool) -> tuple[int, int]:
        """Give all that the notification service was told of the organisation a new version, and enqueue it.

        For after a restore. Returns how many contacts and certifications. A dry run rolls it back. Idempotent. Raises
        ImportRunning.
        """
        with self.database.begin(tenant(organisation_id)) as session:
            if not directory_staging.take_turn(session):
                raise ImportRunning
            contacts.forget_sent(session)
            mentors, at = certifications.raise_versions(session), self.clock()
            told = [to_update_certification(organisation_id, mentor_id, due_at=at) for mentor_id in mentors]
            self.dispatcher.leave_to_relays(session, *told)
            counts = {"contacts": self.enqueue(session), "certifications": len(told)}
            audit.record_resending(session, organisation_id, actor_id=actor_id, at=at, counts=counts)
            if dry_run:
                session.rollback()
        return counts["contacts"], counts["certifications"]
