"""The schemas that the services' migrations make: the same tables of shared_lib, and row-level security everywhere.

That a later revision neither locks nor breaks the running release is tested with each service (`test_upgrade.py`).
"""

from importlib import import_module
from pathlib import Path

import pytest
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib_testing.postgres import PostgresServer, database_for
from shared_lib_testing.row_level_security import TABLES_WITHOUT_TENANT
from shared_lib_testing.schema import catalogue_of, create_shared_tables
from variables import SERVICES

Catalogue = dict[str, list[str]]
WITHOUT_OUTBOX = {"acknowledgement"}


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
        migrate(database, Path(str(package.__file__)).with_name("migrations"), {})
        database.close()

    return catalogue_of(database_for(postgres_server, f"{service}_schema", run, prefix=service).owner)


def test_the_tables_of_shared_lib_are_the_same_in_every_service(
    service: str, migrated: Catalogue, shared: Catalogue
) -> None:
    expected = {
        name: properties
        for name, properties in shared.items()
        if not (service in WITHOUT_OUTBOX and name.startswith("outbox"))
    }

    assert {name: properties for name, properties in migrated.items() if name in shared} == expected


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
