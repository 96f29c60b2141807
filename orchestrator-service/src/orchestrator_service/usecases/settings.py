"""Read and replace the settings of an organisation."""

from collections.abc import Collection
from dataclasses import dataclass

from shared_lib import agenda
from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.working_hours import WorkingHours

from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.errors import OrganisationNotFound
from orchestrator_service.domain.holidays import is_day_off
from orchestrator_service.domain.settings import OrganisationSettings, Settings
from orchestrator_service.store import audit, settings
from orchestrator_service.store.people import tenant_scope_of

from .changed_contacts import ChangedContacts


@dataclass(frozen=True, kw_only=True)
class OrganisationsSettings:
    database: Database
    changed_contacts: ChangedContacts
    clock: Clock

    def get(self, organisation_id: str, *, principal: Principal) -> OrganisationSettings:
        """Raises OrganisationNotFound, for one that the principal does not belong to as for an unknown one."""
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            return _found(settings.get(session, organisation_id), principal)

    def replace(
        self, organisation_id: str, new: Settings, *, principal: Principal, versions: Collection[int] | None
    ) -> OrganisationSettings:
        """Store all settings, and have everything planned by them looked at again. The same settings change nothing.

        Raises OrganisationNotFound and StaleVersion.
        """
        with self.database.begin(tenant_scope_of(principal.scope)) as session:
            before = _found(settings.get(session, organisation_id, for_update=True), principal)
            before.must_be(versions)
            changes = new.changed_from(before.settings)
            if not changes:
                return before
            at = self.clock()
            after = before.replaced(new, by=principal.id, at=at)
            settings.save(session, after)
            agenda.changed(session, [f"organisation:{organisation_id}"], tenant=organisation_id)
            self.changed_contacts.enqueue(session)
            audit.record_settings(session, organisation_id, changes, actor_id=principal.id, at=at)
        return after


def working_hours(of: Settings) -> WorkingHours:
    """When an organisation's planned notices are sent."""
    return WorkingHours(
        time_zone=of.time_zone,
        opens=of.send_time,
        closes=of.quiet_from,
        working_days=frozenset(of.working_days),
        is_day_off=lambda day: is_day_off(day, holidays=of.holidays, extra=of.extra_holidays),
    )


def _found(found: OrganisationSettings | None, principal: Principal) -> OrganisationSettings:
    if found is None or principal.scope.organisation_id not in (None, found.organisation_id):
        raise OrganisationNotFound
    return found
