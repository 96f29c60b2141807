"""From what somebody may see to what his transaction may see."""

from shared_lib.database.row_level_security import NO_TENANT, TenantScope, all_tenants, tenant

from acknowledgement_service.domain.visitor import Scope


def tenant_scope_of(scope: Scope) -> TenantScope:
    """His organisation; all of them for global admins, and for everybody where the service is open."""
    if scope.nothing:
        return NO_TENANT
    return all_tenants("public") if scope.organisation_id is None else tenant(scope.organisation_id)
