"""The schemas that the services' migrations make: the same tables of shared_lib, and row-level security everywhere.

Squawk looks at every revision after the first: it may neither lock nor break the release that is running.
"""

from collections import defaultdict
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from checks.migration_rules import migrate_by_rules
from shared_lib.database.engine import Database
from shared_lib_testing.postgres import PostgresServer, database_for
from shared_lib_testing.row_level_security import TABLES_WITHOUT_TENANT
from shared_lib_testing.schema import create_shared_tables
from variables import SERVICES

Catalogue = dict[str, list[str]]
WITHOUT_OUTBOX = {"acknowledgement"}
WITHOUT_AGENDA = {"acknowledgement"}
AGENDA = {"agenda", "agenda_change", "planned_act"}

# A row for each property of a table or function. Names of roles are left out: they differ between databases.
_PROPERTIES = """
WITH own AS (
    SELECT oid, relname, relrowsecurity, relforcerowsecurity, reloptions FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
)
SELECT relname, concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), 'not null: ' || attnotnull,
    'identity: ' || attidentity::text, 'default: ' || pg_get_expr(adbin, adrelid))
FROM own JOIN pg_attribute ON attrelid = oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT relname, concat_ws(' ', 'constraint', conname, pg_get_constraintdef(pg_constraint.oid))
FROM own JOIN pg_constraint ON conrelid = own.oid
UNION ALL
SELECT relname, pg_get_indexdef(indexrelid) FROM own JOIN pg_index ON indrelid = oid
UNION ALL
SELECT relname, pg_get_triggerdef(pg_trigger.oid) FROM own JOIN pg_trigger ON tgrelid = own.oid WHERE NOT tgisinternal
UNION ALL
SELECT relname, concat_ws(' ', 'policy', polname, 'permissive: ' || polpermissive, 'for: ' || polcmd::text,
    'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid))
FROM own JOIN pg_policy ON polrelid = own.oid
UNION ALL
SELECT relname, concat_ws(' ', 'row-level security: ' || relrowsecurity, 'forced: ' || relforcerowsecurity) FROM own
UNION ALL
SELECT relname, concat_ws(' ', 'options', reloptions::text) FROM own
UNION ALL
SELECT proname || '()',
    pg_get_functiondef(oid) || 'public may execute: ' || has_function_privilege('public', oid, 'EXECUTE')
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def catalogue_of(dsn: str) -> dict[str, list[str]]:
    """The properties of every table and function (`name()`) in sorted sentences, as PostgreSQL's catalogue has them.

    Columns with types and defaults, constraints, indexes, triggers, policies, bodies of functions; not their order.
    """
    found = defaultdict(list)
    with psycopg.connect(dsn) as connection:
        for name, sentence in connection.execute(_PROPERTIES).fetchall():
            found[name].append(sentence)
    return {name: sorted(sentences) for name, sentences in found.items()}


@pytest.fixture(scope="module")
def shared(postgres_server: PostgresServer) -> Catalogue:
    """The audit log, idempotency keys and the outbox as shared_lib is tested with them."""
    return catalogue_of(database_for(postgres_server, "shared_tables", create_shared_tables).owner)


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def migrated(service: str, postgres_server: PostgresServer) -> Catalogue:
    """The database of a service after all its migrations."""
    package = import_module(f"{service}_service")

    def run(dsn: str) -> None:
        database = Database.open(dsn, pool_size=1)
        migrate_by_rules(database, Path(str(package.__file__)).with_name("migrations"), {})
        database.close()

    return catalogue_of(database_for(postgres_server, f"{service}_schema", run, prefix=service).owner)


def test_the_tables_of_shared_lib_are_the_same_in_every_service(
    service: str, migrated: Catalogue, shared: Catalogue
) -> None:
    """A service may add an index of its own."""
    expected = {
        name: properties
        for name, properties in shared.items()
        if not (service in WITHOUT_OUTBOX and name.startswith("outbox"))
        and not (service in WITHOUT_AGENDA and name in AGENDA)
    }

    assert {
        name: [line for line in properties if line in shared[name] or not line.startswith("CREATE INDEX")]
        for name, properties in migrated.items()
        if name in shared
    } == expected


def test_every_table_with_a_tenant_has_row_level_security(migrated: Catalogue) -> None:
    tables = {name: properties for name, properties in migrated.items() if not name.endswith("()")}

    protected = {
        name
        for name, properties in tables.items()
        if "row-level security: true forced: true" in properties
        and any(line.startswith("policy tenant permissive: true for: * using") for line in properties)
    }

    assert protected == tables.keys() - set(TABLES_WITHOUT_TENANT)


def test_no_table_has_more_than_one_policy(migrated: Catalogue) -> None:
    """Permissive policies widen each other."""
    policies = {name: [line for line in lines if line.startswith("policy")] for name, lines in migrated.items()}

    assert {name for name, lines in policies.items() if len(lines) > 1} == set()
