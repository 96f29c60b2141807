"""What a transaction is opened with, it sees, and not longer than it lasts."""

import pytest
from shared_lib.database import Database
from shared_lib.outbox import Promise, Relay
from shared_lib.tenancy import NOTHING, Reach, across, within
from sqlalchemy import text

HOSTILE = "o'slo\\'; SET app.spans = 'x'; -- %s %(a)s"


@pytest.fixture
def two_tenants(relay: Relay, database: Database) -> None:
    """A promise each; one of them has a name that would like to be SQL."""
    for tenant in ("oslo", HOSTILE):
        with database.begin(within(tenant)) as session:
            relay.promise(session, Promise(kind="parcel", payload={}, tenant=tenant, due_at=relay.clock()))


def tenants_seen(database: Database, reach: Reach) -> set[str]:
    with database.begin(reach) as session:
        return set(session.scalars(text("SELECT tenant FROM outbox")))


def test_a_transaction_sees_its_tenant_all_of_them_or_nothing(two_tenants: None, database: Database) -> None:
    assert tenants_seen(database, within("oslo")) == {"oslo"}
    assert tenants_seen(database, within(HOSTILE)) == {HOSTILE}
    assert tenants_seen(database, across("test")) == {"oslo", HOSTILE}
    assert tenants_seen(database, NOTHING) == set()


def test_nothing_is_left_on_a_connection_for_the_next_transaction(two_tenants: None, outbox_url: str) -> None:
    single = Database.open(outbox_url, pool_size=1)
    seen = [len(tenants_seen(single, reach)) for reach in (across("test"), NOTHING, within("oslo"), NOTHING)]
    with single.engine.connect() as connection:
        outside = connection.scalar(text("SELECT count(*) FROM outbox"))
    single.close()

    assert (seen, outside) == ([2, 0, 1, 0], 0)


def test_no_tenant_is_not_a_tenant() -> None:
    with pytest.raises(ValueError, match="name"):
        within("")
