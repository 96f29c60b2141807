"""The tenant scope of a transaction: whose rows it sees. PostgreSQL enforces it, behind the conditions of the queries.

The migrations of each service create the policies. Every transaction is opened with a `TenantScope` (`Database.begin`),
whose settings end with it. Row-level security guards against a query that lacks its condition, not against a person who
can send SQL of their own: the same role may change the settings.
"""

from dataclasses import dataclass

TENANT_SETTING = "app.org"
ALL_TENANTS_SETTING = "app.all_tenants"

CURRENT_TENANT = f"NULLIF(current_setting('{TENANT_SETTING}', true), '')"
"""SQL: the tenant of this transaction; NULL without one. (A setting that was set once reads as '' ever after.)"""


@dataclass(frozen=True)
class TenantScope:
    """The rows of one tenant, of all for a stated reason, or none: made by `tenant`, `all_tenants` and `NO_TENANT`."""

    tenant: str = ""
    all_tenants_reason: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """The settings that PostgreSQL needs for the transaction, by name; empty for no tenant."""
        both = {TENANT_SETTING: self.tenant, ALL_TENANTS_SETTING: self.all_tenants_reason}
        return {name: value for name, value in both.items() if value}


NO_TENANT = TenantScope()
"""For rows that belong to no tenant: the schema's revision, the heartbeats of relays."""


def tenant(tenant: str) -> TenantScope:
    """The rows of one tenant. Raises ValueError for an empty name."""
    if not tenant:
        raise ValueError("a tenant has a name")
    return TenantScope(tenant=tenant)


def all_tenants(reason: str) -> TenantScope:
    """The rows of all tenants; `reason` ("relay") becomes the value of the setting `app.all_tenants`."""
    return TenantScope(all_tenants_reason=reason)
