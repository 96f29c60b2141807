"""Reading who did what."""

from dataclasses import dataclass

from shared_lib.audit import AuditEntry, AuditFilters
from shared_lib.database import Database
from shared_lib.paging import PageRequest, Portion
from shared_lib.tenancy import across, within

from orchestrator_service.store import audit


@dataclass(frozen=True, kw_only=True)
class AuditTrail:
    database: Database

    def page(self, filters: AuditFilters, request: PageRequest, *, organisation_id: str | None) -> Portion[AuditEntry]:
        """Newest first; of every organisation when none is named."""
        reach = across("global_admin") if organisation_id is None else within(organisation_id)
        with self.database.begin(reach) as session:
            return audit.page(session, filters, request, organisation_id=organisation_id)
