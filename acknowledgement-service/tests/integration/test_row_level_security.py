"""Row-level security: the database keeps organisations apart, whatever the queries select."""

from collections.abc import Callable

import pytest
from acknowledgement_service.domain.access import ORG_ADMIN, Principal
from acknowledgement_service.domain.model import CertificationNews, ClosedReason
from acknowledgement_service.store.tables import GRANTS
from acknowledgement_service.usecases.lapses import Lapses
from acknowledgement_service.usecases.news import News
from flask.testing import FlaskClient
from shared_lib.database.roles import BASE_PRIVILEGES
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.idempotency import RequestKey
from shared_lib_testing import row_level_security
from shared_lib_testing.postgres import Addresses

from ..builders import EXPIRY, an_opening
from ..conftest import Headers

EVERYTHING = all_tenants("test")
ORGANISATIONS = ("lhl", "nhf")


@pytest.fixture
def rows_of_two_organisations(lapses: Lapses) -> None:
    """Both organisations have rows in every table."""
    for name in ORGANISATIONS:
        opening = an_opening(organisation_id=name)
        lapses.open(opening, by="notification-service")
        news = CertificationNews(
            mentor_id="james", organisation_id=name, expires_at=EXPIRY, reason=ClosedReason.RENEWED, version=1
        )
        News(database=lapses.database, cipher=lapses.cipher, clock=lapses.clock).certification(news, by="test")
        key = RequestKey(principal=name, operation="acknowledge", key="1", fingerprint=b"")
        principal = Principal(
            id=opening.coordinator_id, roles=frozenset([ORG_ADMIN, "coordinator"]), organisation_id=name
        )
        lapses.acknowledge(opening.notification_id, opening.coordinator_id, principal=principal, key=key)


def test_a_transaction_without_an_organisation_sees_no_rows(
    rows_of_two_organisations: None, addresses: Addresses
) -> None:
    filled = row_level_security.visible_rows(addresses, EVERYTHING)

    assert set(filled) | set(row_level_security.TABLES_WITHOUT_TENANT) >= set(row_level_security.tables_of(addresses))
    assert row_level_security.visible_rows(addresses) == {}


def test_each_organisation_sees_its_own_rows_only(rows_of_two_organisations: None, addresses: Addresses) -> None:
    everything = row_level_security.visible_rows(addresses, EVERYTHING)
    lhl, nhf = (row_level_security.visible_rows(addresses, tenant(name)) for name in ORGANISATIONS)

    assert lhl == nhf == {table: rows // 2 for table, rows in everything.items()}
    assert row_level_security.visible_rows(addresses, tenant("nobody")) == {}


def test_no_row_of_another_organisation_can_be_written(rows_of_two_organisations: None, addresses: Addresses) -> None:
    assert row_level_security.tables_accepting(addresses, tenant("lhl"), rows_of=tenant("nhf")) == []
    assert not any(row_level_security.deleted_rows(addresses, tenant("nobody"), GRANTS).values())


def test_a_coordinator_without_an_organisation_gets_404_and_their_key_is_not_stored(
    client: FlaskClient, lapses: Lapses, as_person: Callable[..., Headers], addresses: Addresses
) -> None:
    opening = an_opening()
    lapses.open(opening, by="notification-service")
    body = {"notification_id": str(opening.notification_id), "coordinator_id": opening.coordinator_id}
    headers = {**as_person(opening.coordinator_id, "coordinator", None), "Idempotency-Key": "1"}

    assert client.post("/api/v1/lapse-acknowledgements", json=body, headers=headers).status_code == 404
    assert "idempotency_key" not in row_level_security.visible_rows(addresses, EVERYTHING)


def test_the_database_roles_have_exactly_the_declared_privileges(addresses: Addresses) -> None:
    tables = row_level_security.tables_of(addresses)

    assert row_level_security.privileges_of(addresses, "app") == row_level_security.declared_privileges(
        {**GRANTS, **BASE_PRIVILEGES}
    )
    assert row_level_security.privileges_of(addresses, "read") == {key: {"SELECT"} for key in tables}
