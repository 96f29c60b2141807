"""What this service holds about one person: shown, and removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.privacy.encryption import FieldCipher

from acknowledgement_service.domain.model import Act
from acknowledgement_service.store import audit, person_data

OPERATIONS = "operations"
BATCH = 500
"""Lapses: a chain of the audit log grows at COMMIT, and by each further entry of a transaction more slowly."""
EVERY_ORGANISATION = all_tenants("person_data")


@dataclass(frozen=True, kw_only=True)
class PersonData:
    database: Database
    cipher: FieldCipher
    clock: Clock

    def export(self, person_id: str) -> Mapping[str, Any]:
        """Every row that names him, by table."""
        with self.database.begin(EVERY_ORGANISATION) as session:
            return person_data.held(session, self.cipher, person_id)

    def erase(self, person_id: str) -> Mapping[str, int]:
        """Leave ids, codes and times; answers how much was removed. Repeating is harmless and removes nothing.

        A coordinator may have written thousands of notes: they go in batches, and whoever broke off begins again.
        """
        notes = 0
        while count := self._blank_batch(person_id):
            notes += count
        with self.database.begin(EVERY_ORGANISATION) as session:
            return {"notes": notes, "keys": person_data.forget_keys(session, person_id)}

    def _blank_batch(self, person_id: str) -> int:
        with self.database.begin(EVERY_ORGANISATION) as session:
            noted = person_data.blank_notes(session, person_id, most=BATCH)
            for lapse in noted:
                audit.record(session, Act.ERASED, lapse, actor_id=OPERATIONS, at=self.clock())
        return len(noted)
