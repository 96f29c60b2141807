"""Reading who did what."""

from dataclasses import dataclass

from shared_lib.audit import AuditEntry, AuditFilters
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.pagination import PageRequest, Slice

from orchestrator_service.store import audit


@dataclass(frozen=True, kw_only=True)
class AuditTrail:
    database: Database

    def page(self, filters: AuditFilters, request: PageRequest, *, organisation_id: str | None) -> Slice[AuditEntry]:
        """Newest first; of every organisation when none is named."""
        reach = all_tenants("global_admin") if organisation_id is None else tenant(organisation_id)
        with self.database.begin(reach) as session:
            return audit.page(session, filters, request, organisation_id=organisation_id)
