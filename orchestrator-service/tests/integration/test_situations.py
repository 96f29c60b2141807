"""The statement that recording reads everything with agrees with the mapped tables."""

from datetime import timedelta

import pytest
from orchestrator_service.domain.access import Principal
from orchestrator_service.store import people, situations
from orchestrator_service.store.tables import PersonRow
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from sqlalchemy import select

from ..builders import (
    COORDINATOR,
    GLOBAL_ADMIN,
    INGRID,
    LHL_ADMIN,
    MENTOR,
    NHF_ADMIN,
    a_draft,
    assignment,
    certification,
    mentor,
    organisation,
    person,
)
from ..conftest import Import

pytestmark = pytest.mark.usefixtures("directory")


@pytest.mark.parametrize("principal", [INGRID, NHF_ADMIN, LHL_ADMIN, GLOBAL_ADMIN], ids=lambda principal: principal.id)
def test_it_is_what_the_mapped_tables_say(database: Database, bring_in: Import, principal: Principal) -> None:
    bring_in(
        organisation("nhf", tell_all_coordinators="true"),
        mentor(MENTOR, "oslo|bergen", channels="email|push"),
        person("coordinator", "Late"),
        assignment("Late", "oslo", primary="true", since="2024-05-05"),
        person("coordinator", "gone"),
        assignment("gone", "oslo", primary="true", active="false"),
        person("coordinator", "coming"),
        assignment("coming", "oslo", primary="true", since="2099-01-01"),
        certification(MENTOR, "2027-01-31"),
    )
    with database.begin(all_tenants("test")) as session:
        for mentor_id in session.scalars(select(PersonRow.id)).all():
            found = situations.of(session, a_draft(peer_mentor_id=mentor_id), principal, at=utc_now())
            expected = people.mentor(session, mentor_id, principal.scope, at=utc_now())
            assert (found.mentor if found else None) == expected
            if found is not None:
                assert found.candidates == people.candidates_of(
                    session, mentor_id, organisation_id=found.mentor.organisation_id, at=utc_now()
                )


def test_the_duplicate_and_the_last_pause_are_found(database: Database, pause_events: PauseEvents) -> None:
    paused = pause_events.record(a_draft(), principal=INGRID, key=None, wait_seconds=0).event
    with database.begin(all_tenants("test")) as session:
        same = situations.of(session, a_draft(), INGRID, at=utc_now())
        other = situations.of(
            session, a_draft(effective_date=paused.effective_date + timedelta(days=1)), INGRID, at=utc_now()
        )
    assert same is not None
    assert other is not None
    assert (same.duplicate_of, other.duplicate_of) == (paused.id, None)
    assert same.is_paused
    assert same.acted_by is not None
    assert same.acted_by.id == COORDINATOR


def test_only_another_coordinator_of_the_organisation_acts_for_a_mentor(database: Database) -> None:
    with database.begin(all_tenants("test")) as session:
        for principal in (NHF_ADMIN, GLOBAL_ADMIN):
            found = situations.of(session, a_draft(), principal, at=utc_now())
            assert found is not None
            assert found.acted_by is None
