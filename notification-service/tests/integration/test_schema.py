"""The migrated database is the one that the code describes."""

import psycopg
import pytest
from notification_service.app import MIGRATIONS
from notification_service.store.tables import GRANTS, Base
from shared_lib.agenda import AGENDA
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.migrations import migrate
from shared_lib.database.schema_revision import revision_of_code, revision_of_database
from shared_lib.idempotency import KEYS
from shared_lib.outbox import OUTBOX
from shared_lib_testing.postgres import Addresses
from shared_lib_testing.schema import columns_accepting_unreadable_moments, different_columns


def test_metadata_and_migrations_agree(database: Database) -> None:
    shared = (table.metadata for table in (ENTRIES, KEYS, OUTBOX, AGENDA))

    assert different_columns(database, Base.metadata, *shared) == []


def test_migrating_again_changes_nothing(addresses: Addresses) -> None:
    owned = Database.open(addresses.owner, pool_size=1)

    assert migrate(owned, MIGRATIONS, GRANTS) == revision_of_code(MIGRATIONS) == revision_of_database(owned)
    owned.close()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "change", ["UPDATE audit_entry SET actor_id = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_audit_rows_are_permanent(addresses: Addresses, change: str) -> None:
    for address, refusal in (
        (addresses.owner, psycopg.errors.RaiseException),
        (addresses.app, psycopg.errors.InsufficientPrivilege),
    ):
        with psycopg.connect(address) as connection:
            connection.execute("SET app.org = 'c'")
            connection.execute(
                "INSERT INTO audit_entry (at, action, actor_id, organisation_id, details) "
                "VALUES (now(), 'a', 'b', 'c', '{}')"
            )
            connection.commit()
            with pytest.raises(refusal):
                connection.execute(change)


def test_the_database_stores_no_moment_that_a_list_could_not_show(addresses: Addresses) -> None:
    unlisted = {"idempotency_key", "outbox_worker"}

    assert columns_accepting_unreadable_moments(addresses.owner, besides=unlisted) == []
