"""The data that this service stores about one person: exported, and erased."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.privacy.encryption import FieldCipher

from acknowledgement_service.domain.model import Act
from acknowledgement_service.store import audit, person_data

ACTOR = "operations"
MAX_BATCH = 500
"""Lapses in one transaction: each further audit entry of a transaction takes longer to chain at COMMIT."""
ALL_TENANTS = all_tenants("person_data")


@dataclass(frozen=True, kw_only=True)
class PersonData:
    database: Database
    cipher: FieldCipher
    clock: Clock

    def export(self, person_id: str) -> Mapping[str, Any]:
        """All rows that name the person, by table, with notes decrypted."""
        with self.database.begin(ALL_TENANTS) as session:
            return person_data.export(session, self.cipher, person_id)

    def erase(self, person_id: str) -> Mapping[str, int]:
        """Remove notes and idempotency keys; ids, codes and times stay. Returns how many were removed.

        It commits batch by batch, may be interrupted and repeated; a repeat removes nothing.
        """
        notes = 0
        while count := self._erase_notes(person_id):
            notes += count
        with self.database.begin(ALL_TENANTS) as session:
            return {"notes": notes, "keys": person_data.erase_keys(session, person_id)}

    def _erase_notes(self, person_id: str) -> int:
        with self.database.begin(ALL_TENANTS) as session:
            lapses = person_data.erase_notes(session, person_id, limit=MAX_BATCH)
            for lapse in lapses:
                audit.record(session, Act.ERASED, lapse, actor_id=ACTOR, at=self.clock())
        return len(lapses)
