"""Row-level security: the database itself keeps organisations apart, whatever the queries are."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from orchestrator_service.domain.pause_events import EventType
from orchestrator_service.domain.settings import Settings
from orchestrator_service.store.tables import GRANTS
from orchestrator_service.usecases.certifications import Certifications
from orchestrator_service.usecases.pause_events import PauseEvents
from orchestrator_service.usecases.settings import OrganisationsSettings
from shared_lib.agenda import AgendaLoop
from shared_lib.database.roles import BASE_PRIVILEGES
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.errors import Unreachable
from shared_lib.idempotency import RequestKey
from shared_lib_testing import row_level_security
from shared_lib_testing.postgres import Addresses

from ..builders import DAY, EFFECTIVE, INGRID, LHL_ADMIN, MENTOR, NHF_ADMIN, a_draft, certification
from ..conftest import Import
from ..fakes import FakeNotifier, MovableClock

EVERYTHING = all_tenants("test")


@pytest.fixture
def planned(directory: None, app: Flask, clock: MovableClock, bring_in: Import, agenda: AgendaLoop) -> None:
    """Both have settings of their own, and certifications about which something was decided and more is to come."""
    settings: OrganisationsSettings = app.extensions["organisations_settings"]
    certifications: Certifications = app.extensions["certifications"]
    later = (clock() + 20 * DAY).date().isoformat()
    bring_in(certification(MENTOR, later), certification("mentor-042", later, "lhl"))
    agenda.poll()
    for mentor_id, principal in ((MENTOR, NHF_ADMIN), ("mentor-042", LHL_ADMIN)):
        certifications.enrol(mentor_id, clock().date(), principal=principal, versions=None)
    for principal in (NHF_ADMIN, LHL_ADMIN):
        organisation = principal.organisation_id or ""
        settings.replace(organisation, Settings(locale="nn"), principal=principal, versions=None)


@pytest.fixture
def two_full_organisations(planned: None, pause_events: PauseEvents, notifier: FakeNotifier) -> None:
    """Rows of both in every table: each has told of one event and not yet of another."""
    for failure in (None, Unreachable("down")):
        notifier.failure = failure
        for principal, mentor in ((INGRID, MENTOR), (LHL_ADMIN, "mentor-042")):
            draft = a_draft(peer_mentor_id=mentor, effective_date=EFFECTIVE + (DAY if failure else timedelta(0)))
            draft = replace(draft, event_type=EventType.PAUSE_DEACTIVATED) if failure else draft
            key = RequestKey(principal=principal.id, operation="record", key=str(draft.event_type), fingerprint=b"")
            pause_events.record(draft, principal=principal, key=key, wait_seconds=5)
    for principal, mentor in ((INGRID, MENTOR), (LHL_ADMIN, "mentor-042")):
        expired = a_draft(peer_mentor_id=mentor, event_type=EventType.CERTIFICATION_EXPIRED)
        event = pause_events.record(expired, principal=principal, key=None, wait_seconds=0).event
        pause_events.remove(event.id, principal=principal, versions=None)


def test_without_an_organisation_there_is_nothing_to_see(two_full_organisations: None, addresses: Addresses) -> None:
    filled = row_level_security.visible_rows(addresses, EVERYTHING)

    assert set(filled) | set(row_level_security.TABLES_WITHOUT_TENANT) >= set(row_level_security.tables_of(addresses))
    assert row_level_security.visible_rows(addresses) == {}


def test_every_row_is_seen_within_its_own_organisation_alone(
    two_full_organisations: None, addresses: Addresses
) -> None:
    everything = row_level_security.visible_rows(addresses, EVERYTHING)
    nhf, lhl = (row_level_security.visible_rows(addresses, tenant(name)) for name in ("nhf", "lhl"))

    for trail, imports in {"audit_entry": 2, "audit_link": 2, "audit_head": 1}.items():
        everything[trail] -= imports  # which were about both
    assert {table: nhf.get(table, 0) + lhl.get(table, 0) for table in everything} == everything
    assert row_level_security.visible_rows(addresses, tenant("nobody")) == {}


def test_nothing_is_written_into_another_organisation(two_full_organisations: None, addresses: Addresses) -> None:
    assert row_level_security.tables_accepting(addresses, tenant("lhl"), rows_of=tenant("nhf")) == []
    assert not any(row_level_security.deleted_rows(addresses, tenant("nobody"), GRANTS).values())


def test_the_roles_may_do_what_is_written_down_and_nothing_else(addresses: Addresses) -> None:
    tables = row_level_security.tables_of(addresses)

    assert row_level_security.privileges_of(addresses, "app") == row_level_security.declared_privileges(
        {**GRANTS, **BASE_PRIVILEGES}
    )
    assert row_level_security.privileges_of(addresses, "read") == {key: {"SELECT"} for key in tables}
