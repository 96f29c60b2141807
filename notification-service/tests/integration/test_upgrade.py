"""This release on the schema of the next one, as it is while a new release is rolled out."""

import pytest
from flask.testing import FlaskClient
from notification_service.app import MIGRATIONS
from notification_service.store.tables import GRANTS
from shared_lib.database.schema_revision import revision_of_database
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for
from shared_lib_testing.schema import NEXT, migrate_ahead

from ..fakes import FakeAcknowledgements, FakeMailer

BASE = "/api/v1/pause-notifications"


@pytest.fixture(scope="session")
def addresses(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Addresses:
    """Takes the place of the usual ones: all other fixtures build on these two."""
    scratch = tmp_path_factory.mktemp("next")
    return database_for(
        postgres_server,
        "notification_next",
        lambda dsn: migrate_ahead(dsn, MIGRATIONS, GRANTS, scratch),
        prefix="notification",
    )


@pytest.fixture(scope="session")
def database_url(addresses: Addresses) -> str:
    return addresses.app


@pytest.mark.usefixtures("people")
def test_this_release_is_ready_and_works_on_the_next_ones_schema(
    client: FlaskClient,
    dispatcher: Dispatcher,
    mailer: FakeMailer,
    acknowledgements: FakeAcknowledgements,
) -> None:
    mailer.failure = Unreachable("down")
    notice = {"mentor_id": "mentor-042", "expiry_date": "2026-03-31T00:00:00Z"}

    assert revision_of_database(dispatcher.database) == NEXT
    assert client.get("/readyz").json["checks"]["schema"] == "ok"
    assert client.post(f"{BASE}/cert-expiry", json=notice).status_code == 201
    assert len(acknowledgements.opened) == 1
    mailer.failure = None
    dispatcher.clock.pass_by(seconds=20)
    assert dispatcher.run_once() == 2
    sent = client.post(f"{BASE}/cert-expiry", json=notice).json["notifications_dispatched"]
    assert [row["status"] for row in sent] == ["sent", "sent"]
