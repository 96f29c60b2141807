"""Keep the promises of changed contacts."""

from dataclasses import dataclass

from shared_lib.database import Database
from shared_lib.outbox import Delivery, Done
from shared_lib.tenancy import within

from orchestrator_service.domain.ports import Notifier
from orchestrator_service.store import contacts


@dataclass(frozen=True, kw_only=True)
class ContactNews:
    database: Database
    notifier: Notifier

    def tell(self, delivery: Delivery) -> Done:
        """Pass on the contacts as they are now; the versions make repeats and disorder harmless."""
        payload = delivery.payload
        with self.database.begin(within(delivery.tenant)) as session:
            batch = contacts.batch(session, payload["organisation_id"], payload["people"])
        self.notifier.update_contacts(batch)
        return Done()
