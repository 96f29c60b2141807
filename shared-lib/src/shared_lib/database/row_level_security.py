"""Whose rows a transaction sees. PostgreSQL itself keeps to it, by row-level security: a wall behind the queries' own.

`enable_row_level_security` gives the policies for a service's migrations. Every transaction is opened with a
`TenantScope` (`Database.begin`). The settings hold until the transaction ends. They guard against a query that lacks
its condition, not against a person who can send their own SQL: the same role may set them.
"""

from dataclasses import dataclass

TENANT_SETTING = "app.org"
ALL_TENANTS_SETTING = "app.all_tenants"

CURRENT_TENANT = f"NULLIF(current_setting('{TENANT_SETTING}', true), '')"
"""SQL: the tenant of this transaction; NULL without one. (A setting that was set once reads as '' ever after.)"""

_SPANS = f"current_setting('{ALL_TENANTS_SETTING}', true) <> ''"


@dataclass(frozen=True)
class TenantScope:
    """The rows of one tenant, of all for a stated reason, or none: made by `tenant`, `all_tenants` and `NO_TENANT`."""

    tenant: str = ""
    spans: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a transaction that differ from the server's own."""
        both = {TENANT_SETTING: self.tenant, ALL_TENANTS_SETTING: self.spans}
        return {name: value for name, value in both.items() if value}


NO_TENANT = TenantScope()
"""For what belongs to no tenant: the schema's revision, which relays are running."""


def tenant(tenant: str) -> TenantScope:
    """The rows of one tenant. Raises ValueError for an empty name."""
    if not tenant:
        raise ValueError("a tenant has a name")
    return TenantScope(tenant=tenant)


def all_tenants(reason: str) -> TenantScope:
    """The rows of all tenants; `reason` names what for ("relay"), and stands in the setting `app.all_tenants`."""
    return TenantScope(spans=reason)


def enable_row_level_security(table: str, column: str) -> str:
    """SQL that shows rows of `table` only to transactions within the tenant that `column` names, and to spanning ones.

    It holds for writing as well, and for the table's owner.
    """
    return _policy(table, f"{column} = {CURRENT_TENANT}")


def enable_row_level_security_by_parent(table: str, parent: str, condition: str) -> str:
    """The same for a table without a column of its own: its rows are seen with the row of `parent` they belong to."""
    return _policy(table, f"EXISTS (SELECT FROM {parent} WHERE {condition})")


def _policy(table: str, condition: str) -> str:
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n"
        f"CREATE POLICY tenant ON {table} USING ({_SPANS} OR {condition});\n"
    )
