"""The tenant scope of a transaction: whose rows it sees. PostgreSQL enforces it, behind the conditions of the queries.

`enable_row_level_security` returns the policies for a service's migrations. Every transaction is opened with a
`TenantScope` (`Database.begin`), whose settings end with it. Row-level security guards against a query that lacks its
condition, not against a person who can send SQL of their own: the same role may change the settings.
"""

from dataclasses import dataclass

TENANT_SETTING = "app.org"
ALL_TENANTS_SETTING = "app.all_tenants"

CURRENT_TENANT = f"NULLIF(current_setting('{TENANT_SETTING}', true), '')"
"""SQL: the tenant of this transaction; NULL without one. (A setting that was set once reads as '' ever after.)"""

_SEES_ALL = f"current_setting('{ALL_TENANTS_SETTING}', true) <> ''"


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


def enable_row_level_security(table: str, column: str) -> str:
    """SQL: rows of `table` are seen by transactions of the tenant that `column` names, and by those of all tenants.

    It applies to writing as well, and to the table's owner.
    """
    return _policy(table, f"{column} = {CURRENT_TENANT}")


def enable_row_level_security_by_parent(table: str, parent: str, condition: str) -> str:
    """The same for a table without a tenant column: a row is seen together with the row of `parent` it belongs to."""
    return _policy(table, f"EXISTS (SELECT FROM {parent} WHERE {condition})")


def _policy(table: str, condition: str) -> str:
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n"
        f"CREATE POLICY tenant ON {table} USING ({_SEES_ALL} OR {condition});\n"
    )
