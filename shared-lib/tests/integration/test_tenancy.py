"""A transaction sees the rows of its tenant scope; the scope ends with it."""

import pytest
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import NO_TENANT, TenantScope, all_tenants, tenant
from shared_lib.outbox import Dispatcher, OutboxMessage
from sqlalchemy import text

HOSTILE = "o'slo\\'; SET app.all_tenants = 'x'; -- %s %(a)s"


@pytest.fixture
def two_tenants(dispatcher: Dispatcher, database: Database) -> None:
    """A message each; the name of one of them looks like SQL."""
    for name in ("oslo", HOSTILE):
        with database.begin(tenant(name)) as session:
            dispatcher.enqueue(
                session, OutboxMessage(kind="parcel", payload={}, tenant=name, due_at=dispatcher.clock())
            )


def tenants_seen(database: Database, scope: TenantScope) -> set[str]:
    with database.begin(scope) as session:
        return set(session.scalars(text("SELECT tenant FROM outbox")))


def test_a_transaction_sees_its_tenant_all_of_them_or_nothing(two_tenants: None, database: Database) -> None:
    assert tenants_seen(database, tenant("oslo")) == {"oslo"}
    assert tenants_seen(database, tenant(HOSTILE)) == {HOSTILE}
    assert tenants_seen(database, all_tenants("test")) == {"oslo", HOSTILE}
    assert tenants_seen(database, NO_TENANT) == set()


def test_nothing_is_left_on_a_connection_for_the_next_transaction(two_tenants: None, outbox_url: str) -> None:
    single = Database.open(outbox_url, pool_size=1)
    seen = [len(tenants_seen(single, scope)) for scope in (all_tenants("test"), NO_TENANT, tenant("oslo"), NO_TENANT)]
    with single.engine.connect() as connection:
        outside = connection.scalar(text("SELECT count(*) FROM outbox"))
    single.close()

    assert (seen, outside) == ([2, 0, 1, 0], 0)


def test_no_tenant_is_not_a_tenant() -> None:
    with pytest.raises(ValueError, match="name"):
        tenant("")
