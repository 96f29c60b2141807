"""Keep the promises of changed contacts."""

from dataclasses import dataclass

from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.outbox import Delivered, Delivery

from orchestrator_service.domain.ports import Notifier
from orchestrator_service.store import contacts


@dataclass(frozen=True, kw_only=True)
class ContactNews:
    database: Database
    notifier: Notifier

    def tell(self, delivery: Delivery) -> Delivered:
        """Pass on the contacts as they are now; the versions make repeats and disorder harmless."""
        payload = delivery.payload
        with self.database.begin(tenant(delivery.tenant)) as session:
            batch = contacts.batch(session, payload["organisation_id"], payload["people"])
        self.notifier.update_contacts(batch)
        return Delivered()
