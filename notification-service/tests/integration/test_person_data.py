"""A person's data: exported, erased, and not brought back."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from flask.testing import FlaskClient
from notification_service.store import contacts as store
from notification_service.store.person_data import NOBODYS
from notification_service.usecases.person_data import Contacts
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib_testing.postgres import Addresses

from ..builders import a_contact
from ..conftest import Headers
from ..fakes import FakeAcknowledgements, FakeMailer, MovableClock

pytestmark = pytest.mark.usefixtures("people")
PERSON = "/internal/v1/people/mentor-042"
NOTICE = "/api/v1/pause-notifications/pause-activated"


@contextmanager
def slow_audit(addresses: Addresses) -> Iterator[None]:
    """Reading the audit log takes longer than a request may wait for the database, as with very many rows."""
    with psycopg.connect(addresses.owner, autocommit=True) as owner:
        owner.execute(
            "CREATE POLICY slow ON audit_entry AS RESTRICTIVE FOR SELECT USING ((SELECT pg_sleep(3)) IS NOT NULL)"
        )
        try:
            yield
        finally:
            owner.execute("DROP POLICY slow ON audit_entry")


def texts_with(everything_url: str, text: str) -> list[str]:
    """The tables that have it."""
    with psycopg.connect(everything_url) as connection:
        tables = (
            "contact",
            "dispatch",
            "message",
            "inbox",
            "idempotency_key",
            "outbox",
            "outbox_closed",
            "audit_entry",
        )
        query = "SELECT 1 FROM {} t WHERE t::text LIKE %s"
        return [table for table in tables if connection.execute(query.format(table).encode(), [f"%{text}%"]).fetchone()]


def test_erasing_leaves_ids_alone_and_a_second_run_finds_nothing(
    client: FlaskClient, as_service: Headers, everything_url: str
) -> None:
    client.post(NOTICE, json={"mentor_id": "mentor-042"}, headers={"Idempotency-Key": "kari-pauses"})
    shown = client.get(PERSON, headers=as_service).json

    first = client.delete(PERSON, headers=as_service)
    second = client.delete(PERSON, headers=as_service)

    assert "kari.nordmann@lhl.example" in str(shown["notification"])
    assert shown["acknowledgement"] == {"lapse": [{"mentor_id": "mentor-042"}]}
    assert (first.status_code, first.json["notification"]["contacts"]) == (200, 1)
    assert set(second.json["notification"].values()) == {0}
    assert texts_with(everything_url, "ordmann") == []
    assert texts_with(everything_url, "kari") == []
    assert {"contact", "dispatch", "message", "audit_entry"} <= set(texts_with(everything_url, "mentor-042"))


def test_messages_queued_to_an_erased_person_or_about_them_are_not_sent(
    client: FlaskClient, as_service: Headers, mailer: FakeMailer, dispatcher: Dispatcher, clock: MovableClock
) -> None:
    mailer.failure = Unreachable("down")
    client.post(NOTICE, json={"mentor_id": "mentor-042"})

    removed = client.delete(PERSON, headers=as_service).json["notification"]
    mailer.failure = None
    clock.pass_by(hours=1)

    assert removed["skipped"] == 2
    assert dispatcher.run_once() == 0
    assert mailer.taken == []


def test_no_update_brings_an_erased_person_back(
    client: FlaskClient, as_service: Headers, contacts: Contacts, database: Database, everything_url: str
) -> None:
    for person in ("mentor-042", "never-heard-of"):
        assert client.delete(f"/internal/v1/people/{person}", headers=as_service).status_code == 200

    contacts.put(people=[a_contact(version=99), a_contact(id="never-heard-of", version=99)])

    assert texts_with(everything_url, "Nordmann") == []
    assert client.post(NOTICE, json={"mentor_id": "mentor-042"}).status_code == 404
    with database.begin(all_tenants("test")) as session:
        found = store.find(session, ["never-heard-of"], organisation_id=NOBODYS)
    assert not found["never-heard-of"].active


def test_an_announcement_does_not_bring_the_name_of_an_erased_acting_person_back(
    client: FlaskClient, as_service: Headers, everything_url: str
) -> None:
    assert client.delete("/internal/v1/people/coordinator-007", headers=as_service).status_code == 200

    context = {
        "organisation_id": "lhl",
        "coordinator_id": "coordinator-007",
        "acted_by": {"id": "coordinator-007", "name": "Ola Hansen"},
    }
    announced = client.post(NOTICE, json={"mentor_id": "mentor-042", "context": context}, headers=as_service)

    assert announced.status_code == 201
    assert texts_with(everything_url, "Hansen") == []


@pytest.mark.parametrize("failure", [Unreachable("down"), Rejected("http_404")])
def test_the_acknowledgement_service_erases_first_and_nothing_is_erased_without_it(
    client: FlaskClient,
    as_service: Headers,
    acknowledgements: FakeAcknowledgements,
    everything_url: str,
    failure: Exception,
) -> None:
    acknowledgements.failure = failure

    assert client.delete(PERSON, headers=as_service).status_code == 503
    assert client.get(PERSON, headers=as_service).status_code == 503
    assert texts_with(everything_url, "Nordmann") == ["contact"]

    acknowledgements.failure = None
    assert client.delete(PERSON, headers=as_service).status_code == 200
    assert texts_with(everything_url, "Nordmann") == []


def test_an_export_may_take_longer_than_other_requests(
    client: FlaskClient, as_service: Headers, addresses: Addresses
) -> None:
    client.post(NOTICE, json={"mentor_id": "mentor-042"})

    with slow_audit(addresses):
        held = client.get(PERSON, headers=as_service)

    assert (held.status_code, held.json["notification"].keys() >= {"dispatch", "audit_entry"}) == (200, True)


def test_person_data_is_for_our_own_services_alone(client: FlaskClient, as_person: object) -> None:
    assert client.get(PERSON).status_code == 401
    assert client.delete(PERSON, headers=as_person("root", "global_admin", None)).status_code == 401  # type: ignore[operator]
