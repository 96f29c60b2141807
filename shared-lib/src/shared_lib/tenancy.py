"""Whose rows a transaction sees. PostgreSQL itself keeps to it, by row-level security: a wall behind the queries' own.

`protect` gives the policies for a service's migrations, `Reach` is what every transaction is opened with
(`Database.begin`). The settings hold until the transaction ends. They guard against a query that forgot its condition,
not against somebody who can send SQL of his own: the same role may set them.
"""

from dataclasses import dataclass

TENANT_SETTING = "app.org"
SPANS_SETTING = "app.spans"

OWN_TENANT = f"NULLIF(current_setting('{TENANT_SETTING}', true), '')"
"""SQL: the tenant of this transaction; NULL without one. (A setting that was set once reads as '' ever after.)"""

_SPANS = f"current_setting('{SPANS_SETTING}', true) <> ''"


@dataclass(frozen=True)
class Reach:
    """The rows of one tenant, of all for a stated reason, or none: made by `within`, `across` and `NOTHING`."""

    tenant: str = ""
    spans: str = ""

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a transaction that differ from the server's own."""
        both = {TENANT_SETTING: self.tenant, SPANS_SETTING: self.spans}
        return {name: value for name, value in both.items() if value}


NOTHING = Reach()
"""For what belongs to no tenant: the schema's revision, which relays are running."""


def within(tenant: str) -> Reach:
    """The rows of one tenant. Raises ValueError for an empty name."""
    if not tenant:
        raise ValueError("a tenant has a name")
    return Reach(tenant=tenant)


def across(reason: str) -> Reach:
    """The rows of all tenants; `reason` names what for ("relay"), and stands in the setting `app.spans`."""
    return Reach(spans=reason)


def protect(table: str, column: str) -> str:
    """SQL that shows rows of `table` only to transactions within the tenant that `column` names, and to spanning ones.

    It holds for writing as well, and for the table's owner.
    """
    return _policy(table, f"{column} = {OWN_TENANT}")


def protect_with(table: str, parent: str, condition: str) -> str:
    """The same for a table without a column of its own: its rows are seen with the row of `parent` they belong to."""
    return _policy(table, f"EXISTS (SELECT FROM {parent} WHERE {condition})")


def _policy(table: str, condition: str) -> str:
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n"
        f"CREATE POLICY tenant ON {table} USING ({_SPANS} OR {condition});\n"
    )
