"""From whose mentors somebody may announce about to what his transaction may see."""

from shared_lib.database.row_level_security import TenantScope, all_tenants, tenant

from notification_service.domain.model import Announcement
from notification_service.domain.scope import Scope

DIRECTORY = all_tenants("directory")
"""For the orchestrator's news, which come for several organisations at once, and its withdrawals, which name none."""


def tenant_scope_of(scope: Scope, announcement: Announcement) -> TenantScope:
    """His organisation, or the one that the orchestrator names.

    Whoever announces without a token, or as global admin, names a mentor alone: the contract calls this public.
    """
    if scope.organisation_id is not None:
        return tenant(scope.organisation_id)
    if announcement.context is not None:
        return tenant(announcement.context.organisation_id)
    return all_tenants("public")
