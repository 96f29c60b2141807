"""From what somebody may see to what his transaction may see."""

from shared_lib.database.row_level_security import TenantScope, all_tenants, tenant

from orchestrator_service.domain.roles import GLOBAL_ADMIN, Scope


def tenant_scope_of(scope: Scope) -> TenantScope:
    """His organisation; all of them for a global admin alone."""
    return all_tenants(GLOBAL_ADMIN) if scope.organisation is None else tenant(scope.organisation)
