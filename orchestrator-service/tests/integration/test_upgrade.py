"""This release on the schema of the next one, as it is while a new release is rolled out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from orchestrator_service.app import MIGRATIONS
from orchestrator_service.store.tables import GRANTS
from shared_lib.database.schema_revision import revision_of_database
from shared_lib.errors import Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for
from shared_lib_testing.schema import NEXT, migrate_ahead

from ..builders import COORDINATOR, MENTOR
from ..conftest import Headers
from ..fakes import FakeNotifier

BASE = "/api/v1/pause-notifications"
DRAFT = {"peer_mentor_id": MENTOR, "event_type": "pause_activated", "effective_date": "2026-03-20T00:00:00.000Z"}
AsPerson = Callable[..., Headers]


@pytest.fixture(scope="session")
def addresses(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Addresses:
    """Takes the place of the usual ones: all other fixtures build on these two."""
    scratch = tmp_path_factory.mktemp("next")
    return database_for(
        postgres_server,
        "orchestrator_next",
        lambda dsn: migrate_ahead(dsn, MIGRATIONS, GRANTS, scratch),
        prefix="orchestrator",
    )


@pytest.fixture(scope="session")
def database_url(addresses: Addresses) -> str:
    return addresses.app


@pytest.mark.usefixtures("directory")
def test_this_release_is_ready_and_works_on_the_next_ones_schema(
    client: FlaskClient,
    dispatcher: Dispatcher,
    notifier: FakeNotifier,
    as_person: AsPerson,
) -> None:
    ingrid, root = as_person(COORDINATOR, "coordinator"), as_person("root", "global_admin", None)
    notifier.failure = Unreachable("down")

    assert revision_of_database(dispatcher.database) == NEXT
    assert client.get("/readyz").json["checks"]["schema"] == "ok"
    event = client.post(BASE, json={**DRAFT, "reason": "Rest"}, headers=ingrid).json
    notifier.failure = None
    dispatcher.clock.now += timedelta(seconds=20)
    assert dispatcher.run_once() >= 1
    assert len(client.get(f"{BASE}/{event['id']}", headers=ingrid).json["notifications_sent"]) > 0
    assert client.put(f"{BASE}/{event['id']}", json={"reason": None}, headers=root).status_code == 200
    assert client.delete(f"{BASE}/{event['id']}", headers=root).status_code in (200, 204)
