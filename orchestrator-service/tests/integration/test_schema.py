"""The migrated database is the one that the code describes, and the audit stays."""

from enum import StrEnum

import pytest
from orchestrator_service.app import MIGRATIONS
from orchestrator_service.domain.announcements import Status
from orchestrator_service.domain.pause_events import EventType
from orchestrator_service.domain.pauses import Cause
from orchestrator_service.store.tables import Base
from shared_lib.agenda import AGENDA
from shared_lib.audit import ENTRIES
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.database.schema_revision import revision_of_code, revision_of_database
from shared_lib.idempotency import KEYS
from shared_lib.outbox import OUTBOX
from shared_lib_testing.postgres import Addresses
from shared_lib_testing.schema import accepted_values, columns_accepting_unreadable_moments, different_columns
from sqlalchemy import exc, text

from ..builders import organisation
from ..conftest import Import


def test_the_migrations_make_what_the_tables_describe(database: Database) -> None:
    shared = (table.metadata for table in (ENTRIES, KEYS, OUTBOX, AGENDA))
    assert different_columns(database, Base.metadata, *shared) == []
    assert revision_of_database(database) == revision_of_code(MIGRATIONS)


@pytest.mark.parametrize(
    "attempt", ["UPDATE audit_entry SET actor_id = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_audit_entries_are_neither_changed_nor_removed(
    database: Database, addresses: Addresses, bring_in: Import, attempt: str
) -> None:
    bring_in(organisation("nhf"))
    owned = Database.open(addresses.owner, pool_size=1)

    with pytest.raises(exc.DBAPIError, match="permission denied"), database.begin(all_tenants("test")) as session:
        session.execute(text(attempt))
    with pytest.raises(exc.DBAPIError, match="audit log is append-only"), owned.begin(all_tenants("test")) as session:
        session.execute(text(attempt))
    owned.close()


def test_the_database_stores_no_moment_that_a_list_could_not_show(addresses: Addresses) -> None:
    unlisted = {"idempotency_key", "outbox_worker"}

    assert columns_accepting_unreadable_moments(addresses.owner, besides=unlisted) == []


@pytest.mark.parametrize(
    ("table", "column", "codes"),
    [("pause_event", "event_type", EventType), ("pause_event", "cause", Cause), ("dispatch_result", "status", Status)],
)
def test_the_database_stores_every_code_that_a_list_can_read_and_no_other(
    addresses: Addresses, table: str, column: str, codes: type[StrEnum]
) -> None:
    known = [code.value for code in codes]

    assert accepted_values(addresses.owner, table, column, [*known, "unheard_of"]) == known
