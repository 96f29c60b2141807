"""Removing what nobody will ask for again."""

from dataclasses import dataclass

from shared_lib import idempotency
from shared_lib.clock import Clock
from shared_lib.database import Database
from shared_lib.tenancy import across


@dataclass(frozen=True, kw_only=True)
class Housekeeping:
    database: Database
    clock: Clock

    def forget_old_keys(self) -> int:
        """Remove Idempotency-Keys past their time (`idempotency.KEPT`); answers how many."""
        with self.database.begin(across("housekeeping")) as session:
            return idempotency.forget(session, before=self.clock() - idempotency.KEPT)
