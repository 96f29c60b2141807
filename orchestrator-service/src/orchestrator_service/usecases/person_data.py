"""Export and erase the data that the three services hold about one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from shared_lib.privacy.encryption import FieldCipher
from sqlalchemy.orm import Session

from orchestrator_service.domain.errors import ImportRunning
from orchestrator_service.domain.ports import PersonDataElsewhere
from orchestrator_service.store import audit, directory_staging, people, person_data

from .changed_contacts import ChangedContacts

OPERATIONS = "operations"
EVERY_ORGANISATION = all_tenants("person_data")


@dataclass(frozen=True, kw_only=True)
class PersonData:
    """Runs from the command line; the services after this one are asked over HTTP."""

    database: Database
    elsewhere: PersonDataElsewhere
    dispatcher: Dispatcher
    changed_contacts: ChangedContacts
    cipher: FieldCipher
    clock: Clock

    def export(self, person_id: str) -> Mapping[str, Any]:
        """Every row that names the person, by service and table. Raises Unreachable and Rejected."""
        elsewhere = self.elsewhere.export(person_id)
        with self.database.begin(EVERY_ORGANISATION) as session:
            held = person_data.held(session, self.cipher, person_id)
            self._note(session, "person_exported", person_id)
        return {"orchestrator": held, **elsewhere}

    def erase(self, person_id: str) -> Mapping[str, Any]:
        """Leave ids, codes and times; returns how much was removed where. Idempotent.

        Reasons and the directory go first, in one transaction, then the downstream services are asked: from then on
        nothing new is sent about the person. Raises ImportRunning, Unreachable and Rejected: then run it again.
        """
        with self.database.begin(EVERY_ORGANISATION) as session:
            own = self._erase(session, person_id)
        return {"orchestrator": own, **self.elsewhere.erase(person_id)}

    def _erase(self, session: Session, person_id: str) -> Mapping[str, int]:
        if not directory_staging.take_turn(session):
            raise ImportRunning
        people.take_turn(session, person_id)  # an event that is being recorded is committed before we look, or refused
        person_data.lock(session, person_id)
        removed = {"reasons": person_data.blank_reasons(session, person_id)}
        removed |= person_data.blank_directory(session, person_id, at=self.clock())
        removed["outbox_messages"] = self.dispatcher.cancel(session, person_data.announcements_of(session, person_id))
        removed["skipped"] = person_data.skip_queued(session, person_id)
        if any(removed.values()):
            self._note(session, "person_erased", person_id)
            # Others may have lost their coordinator, and their organisation an administrator.
            self.changed_contacts.enqueue(session)
        return removed

    def _note(self, session: Session, action: str, person_id: str) -> None:
        organisation_id = person_data.lock(session, person_id)
        audit.record_person(
            session, action, person_id, organisation_id=organisation_id, actor_id=OPERATIONS, at=self.clock()
        )
