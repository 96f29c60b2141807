"""The data of people: contacts arrive, data are exported and erased."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unavailable, Unreachable
from shared_lib.outbox import store
from sqlalchemy.orm import Session

from notification_service.domain.model import Contact, Organisation
from notification_service.domain.ports import Acknowledgements
from notification_service.store import audit, contacts, person_data

from .lapses import LapseNews

EVERY_ORGANISATION = all_tenants("person_data")


@dataclass(frozen=True, kw_only=True)
class Contacts:
    database: Database
    lapse_news: LapseNews

    def put(self, *, organisations: Sequence[Organisation] = (), people: Sequence[Contact] = ()) -> int:
        """Store updates of the directory, all or none; of each object the highest version wins, in any order. Returns
        how many are older than what is stored.

        The lapses of these people follow them to their coordinators.
        """
        with self.database.begin(all_tenants("directory")) as session:
            self.lapse_news.plan_again(session, organisations)
            older = contacts.put(session, organisations=organisations, contacts=people)
            self.lapse_news.follow(session, {person.id for person in people if person.is_mentor})
        return older


@dataclass(frozen=True, kw_only=True)
class PersonData:
    database: Database
    clock: Clock

    def export(self, person_id: str) -> Mapping[str, Any]:
        """Every row that names the person, by table."""
        with self.database.begin(EVERY_ORGANISATION) as session:
            return person_data.held(session, person_id)

    def erase(self, person_id: str) -> Mapping[str, int]:
        """Leave ids, codes and times; returns how many rows were erased. Repeating is harmless and erases nothing.

        The contact is erased first, in a transaction of its own: what is recorded later has no name any more, and the
        second transaction finds what was recorded meanwhile. What is queued to the person or about them is skipped; a
        mail that is being sent at this moment arrives.
        """
        with self.database.begin(EVERY_ORGANISATION) as session:
            erased = int(person_data.erase_contact(session, person_id, at=self.clock()))
            if erased:
                audit.record_erasure(session, person_id, at=self.clock())
        with self.database.begin(EVERY_ORGANISATION) as session:
            skipped = self._skip_queued(session, person_id)
            return {"contacts": erased, "skipped": skipped, **person_data.erase_texts(session, person_id)}

    def _skip_queued(self, session: Session, person_id: str) -> int:
        done = 0
        for number, outbox_id in person_data.queued_messages(session, person_id):
            if outbox_id is None or store.cancel(session, [outbox_id], now=self.clock()):
                person_data.skip(session, number, at=self.clock())
                done += 1
        return done


@dataclass(frozen=True, kw_only=True)
class PersonDataWithDownstream:
    """The same for this service and the acknowledgement service. Raises Unavailable while that one does not answer."""

    own: PersonData
    acknowledgements: Acknowledgements

    def export(self, person_id: str) -> Mapping[str, Any]:
        with _downstream_errors():
            downstream = self.acknowledgements.export(person_id)
        return {"notification": self.own.export(person_id), **downstream}

    def erase(self, person_id: str) -> Mapping[str, Any]:
        """The acknowledgement service goes first: it stores the notes about the person, which matter most."""
        with _downstream_errors():
            downstream = self.acknowledgements.erase(person_id)
        return {"notification": self.own.erase(person_id), **downstream}


@contextmanager
def _downstream_errors() -> Iterator[None]:
    try:
        yield
    except (Unreachable, Rejected) as error:
        raise Unavailable(f"acknowledgement_{error.reason}") from error
