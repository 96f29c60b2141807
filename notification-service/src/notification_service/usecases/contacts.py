"""Takes in the directory's news about people and organisations."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared_lib.database.engine import Database

from notification_service.domain.model import Contact, Organisation
from notification_service.store import contacts

from .reach import DIRECTORY


@dataclass(frozen=True, kw_only=True)
class Contacts:
    database: Database

    def put(self, *, organisations: Sequence[Organisation] = (), people: Sequence[Contact] = ()) -> None:
        """All of it or nothing. The highest version of each wins, so that repeats and disorder are harmless."""
        with self.database.begin(DIRECTORY) as session:
            contacts.put(session, organisations=organisations, contacts=people)
