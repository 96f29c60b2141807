"""What is held about one person here and at the acknowledgement service: shown, and removed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unavailable, Unreachable
from shared_lib.outbox import store
from sqlalchemy.orm import Session

from notification_service.domain.ports import Acknowledgements
from notification_service.store import audit, person_data

EVERY_ORGANISATION = all_tenants("person_data")


@dataclass(frozen=True, kw_only=True)
class PersonData:
    database: Database
    clock: Clock

    def export(self, person_id: str) -> Mapping[str, Any]:
        """Every row that names him, by table."""
        with self.database.begin(EVERY_ORGANISATION) as session:
            return person_data.held(session, person_id)

    def erase(self, person_id: str) -> Mapping[str, int]:
        """Leave ids, codes and times; answers how much was removed. Repeating is harmless and removes nothing.

        The contact goes first, in a transaction of its own: whatever is recorded after it knows no name any more, and
        what was being recorded meanwhile is found by the second. What is still queued to him or about him is skipped; a
        mail that is on the wire at this moment arrives.
        """
        with self.database.begin(EVERY_ORGANISATION) as session:
            contacts = int(person_data.bury_contact(session, person_id, at=self.clock()))
            if contacts:
                audit.record_erasure(session, person_id, at=self.clock())
        with self.database.begin(EVERY_ORGANISATION) as session:
            skipped = self._skip_queued(session, person_id)
            return {"contacts": contacts, "skipped": skipped, **person_data.blank(session, person_id)}

    def _skip_queued(self, session: Session, person_id: str) -> int:
        done = 0
        for number, promise in person_data.queued_of(session, person_id):
            if promise is None or store.cancel(session, [promise], now=self.clock()):
                person_data.skip(session, number, at=self.clock())
                done += 1
        return done


@dataclass(frozen=True, kw_only=True)
class PersonDataFromHereOn:
    """The same for this service and the one after it. Raises Unavailable when that one cannot be asked: ask again."""

    own: PersonData
    acknowledgements: Acknowledgements

    def export(self, person_id: str) -> Mapping[str, Any]:
        with _neighbour_asked():
            elsewhere = self.acknowledgements.export(person_id)
        return {"notification": self.own.export(person_id), **elsewhere}

    def erase(self, person_id: str) -> Mapping[str, Any]:
        """The notes on his lapses go first: they matter most."""
        with _neighbour_asked():
            elsewhere = self.acknowledgements.erase(person_id)
        return {"notification": self.own.erase(person_id), **elsewhere}


@contextmanager
def _neighbour_asked() -> Iterator[None]:
    try:
        yield
    except (Unreachable, Rejected) as error:
        raise Unavailable(f"acknowledgement_{error.reason}") from error
