"""This release works on the schema of the next one, as during a rollout."""

from collections.abc import Callable

import pytest
from acknowledgement_service import MIGRATIONS
from acknowledgement_service.store.tables import GRANTS
from acknowledgement_service.usecases.lapses import Lapses
from flask.testing import FlaskClient
from shared_lib.database.engine import Database
from shared_lib.database.schema_revision import revision_of_database
from shared_lib_testing.postgres import Addresses, PostgresServer, database_for
from shared_lib_testing.schema import NEXT, migrate_ahead

from ..builders import an_opening
from ..conftest import Headers

BASE = "/api/v1/lapse-acknowledgements"
AsPerson = Callable[..., Headers]


@pytest.fixture(scope="session")
def addresses(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Addresses:
    """Replaces the usual database; the other fixtures use this one."""
    scratch = tmp_path_factory.mktemp("next")
    return database_for(
        postgres_server,
        "acknowledgement_next",
        lambda dsn: migrate_ahead(dsn, MIGRATIONS, GRANTS, scratch),
        prefix="acknowledgement",
    )


@pytest.fixture(scope="session")
def database_url(addresses: Addresses) -> str:
    return addresses.app


def test_this_release_is_ready_and_works_on_the_next_ones_schema(
    client: FlaskClient, lapses: Lapses, database: Database, as_person: AsPerson
) -> None:
    lapse = lapses.open(an_opening(), by="notification-service").lapse
    body = {"notification_id": str(lapse.notification_id), "coordinator_id": lapse.coordinator_id}
    boss = as_person("admin", "global_admin", None)

    assert revision_of_database(database) == NEXT
    assert client.get("/readyz").json["checks"]["schema"] == "ok"
    assert client.post(BASE, json=body).status_code == 201
    assert client.get(BASE, headers=boss).json["data"][0]["is_acknowledged"] is True
    changed = client.put(f"{BASE}/{lapse.id}", json={"coordinator_notes": "Called them"}, headers=boss)
    assert changed.status_code == 200
    assert client.delete(f"{BASE}/{lapse.id}", headers=boss).status_code in (200, 204)
