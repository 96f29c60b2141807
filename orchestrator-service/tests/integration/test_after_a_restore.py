"""After the database was restored to an earlier moment: what is told from then on counts, and all can be told again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from orchestrator_service.__main__ import main
from orchestrator_service.clients.notification import HttpNotifier
from orchestrator_service.domain.ports import OrganisationContact
from psycopg.sql import SQL, Composed, Identifier
from shared_lib.errors import RetryLater
from shared_lib.http_client import ServiceClient
from shared_lib.outbox import Dispatcher
from shared_lib_testing.postgres import Addresses

from ..builders import MENTOR, certification, mentor, organisation
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock, StubService

pytestmark = pytest.mark.usefixtures("directory")
CERTIFIED = "mentor-042"
Restore = Callable[[], None]
Versions = Callable[[str], int]
CHANGES: dict[str, Callable[[int], dict[str, str]]] = {
    "contact": lambda number: mentor(MENTOR, "oslo", email=f"address-{number}@example.org"),
    "organisation": lambda number: organisation("nhf", name=f"Navn {number}"),
    "certification": lambda number: certification(CERTIFIED, f"203{number}-03-31", "lhl"),
}
"""What is told with a version, and how a file changes it for the nth time."""


@pytest.fixture
def go_back(addresses: Addresses) -> Any:
    """Keeps the moment of this call; what it returns brings tables and sequences back to it."""
    kept = ("person", "organisation", "certification", "contact", "organisation_contact", "certification_news")

    def everything(table: str) -> SQL | Composed:
        return SQL("SELECT t::text FROM {} t").format(Identifier(table))

    def keep() -> Restore:
        with psycopg.connect(addresses.everything) as connection:
            rows = {name: connection.execute(everything(name)).fetchall() for name in kept}
            of_versions = "SELECT sequencename, last_value FROM pg_sequences WHERE sequencename LIKE '%version%'"
            sequences = connection.execute(of_versions).fetchall()

        def restore() -> None:
            with psycopg.connect(addresses.owner) as connection:
                connection.execute("SET session_replication_role = replica; SET app.all_tenants = 'test'")
                for name, found in rows.items():
                    table = Identifier(name)
                    connection.execute(SQL("DELETE FROM {}").format(table))
                    add = SQL("INSERT INTO {} SELECT (%s::{}).*").format(table, table)
                    connection.cursor().executemany(add, found)
                for name, value in sequences:
                    connection.execute("SELECT setval(%s::regclass, %s)", (name, value or 1))

        return restore

    return keep


@pytest.fixture
def versions(notifier: FakeNotifier, dispatcher: Dispatcher) -> Versions:
    """The newest version that was told of a kind."""

    def organisations() -> list[OrganisationContact]:
        return [batch.organisation for batch in notifier.contacts]

    def newest(kind: str) -> int:
        dispatcher.run_once()
        return {
            "contact": lambda: notifier.contact_of(MENTOR).version,
            "organisation": lambda: max(o.version for o in organisations() if o.id == "nhf"),
            "certification": lambda: max(news.version for news in notifier.certifications),
        }[kind]()

    return newest


@pytest.fixture
def relayed(dispatcher: Dispatcher, clock: MovableClock) -> Callable[[], int]:
    """Lets the relay work a minute later; returns how many messages were due."""

    def run() -> int:
        clock.now += timedelta(minutes=1)
        return dispatcher.run_once()

    return run


@pytest.mark.parametrize("kind", CHANGES)
def test_what_changes_after_a_restore_is_newer_than_all_that_was_told_before(
    bring_in: Import, versions: Versions, notifier: FakeNotifier, go_back: Any, kind: str
) -> None:
    restore = go_back()
    for number in (1, 2, 3):
        bring_in(CHANGES[kind](number))
    told = versions(kind)

    restore()
    notifier.contacts.clear()
    notifier.certifications.clear()
    bring_in(CHANGES[kind](4))

    assert versions(kind) > told


def test_everything_that_was_told_is_sent_again_with_new_versions(
    environ: dict[str, str], relayed: Callable[[], int], notifier: FakeNotifier, addresses: Addresses, capsys: Any
) -> None:
    before = {each.id: each.version for batch in notifier.contacts for each in batch.people}
    (certified,) = notifier.certifications
    notifier.contacts.clear()

    assert main(["contacts", "resend", "--dry-run"], environ) == 0
    assert relayed() == 0
    assert "nhf: 6 contacts and 0 certifications would be sent." in capsys.readouterr().out
    for _ in range(2):
        assert main(["contacts", "resend"], environ) == 0
    relayed()

    after = {each.id: each.version for batch in notifier.contacts for each in batch.people}
    assert after.keys() == before.keys()
    assert all(after[person] > version for person, version in before.items())
    assert {batch.organisation.id for batch in notifier.contacts} == {"nhf", "lhl"}
    again = notifier.certifications[-1]
    assert (again.mentor_id, again.expires_at) == (certified.mentor_id, certified.expires_at)
    assert again.version > certified.version
    assert "lhl: 3 contacts and 1 certifications will be sent." in capsys.readouterr().out
    with psycopg.connect(addresses.everything) as connection:
        query = "SELECT organisation_id, actor_id FROM audit_entry WHERE action = 'contacts_resent' ORDER BY id"
        assert connection.execute(query).fetchall() == [("lhl", "operations"), ("nhf", "operations")] * 2


@pytest.mark.parametrize(("named", "told"), [("lhl", {"lhl"}), ("nowhere", set())])
def test_one_organisation_is_sent_alone(
    environ: dict[str, str], relayed: Callable[[], int], notifier: FakeNotifier, named: str, told: set[str]
) -> None:
    notifier.contacts.clear()

    assert main(["contacts", "resend", named], environ) == (0 if told else 1)
    relayed()

    assert {batch.organisation.id for batch in notifier.contacts} == told


def test_older_news_that_is_refused_is_tried_again_until_it_is_newer(
    notifier: FakeNotifier, notification_service: StubService
) -> None:
    notification_service.status, notification_service.answer = 200, {"older": 1}
    client = ServiceClient(notification_service.url, audience="notification-service", sign=lambda _: "token")
    http_notifier = HttpNotifier(client=client)

    for tell in (
        lambda: http_notifier.update_contacts(notifier.contacts[0]),
        lambda: http_notifier.update_certification(notifier.certifications[0]),
    ):
        with pytest.raises(RetryLater, match="older_version"):
            tell()
