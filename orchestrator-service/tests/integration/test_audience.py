"""Who is told of an event: resolved when it is recorded, never before."""

import pytest
from orchestrator_service.domain.access import COORDINATOR as COORDINATOR_ROLE
from orchestrator_service.domain.access import ORG_ADMIN, Principal
from orchestrator_service.domain.announcements import ActedBy
from orchestrator_service.domain.pause_events import Draft, EventType
from orchestrator_service.usecases.pause_events import PauseEvents, Recorded
from shared_lib.idempotency import RequestKey

from ..builders import (
    COORDINATOR,
    GLOBAL_ADMIN,
    INGRID,
    MENTOR,
    NHF_ADMIN,
    a_draft,
    assignment,
    organisation,
    person,
)
from ..conftest import Import
from ..fakes import FakeNotifier

pytestmark = pytest.mark.usefixtures("directory")


def recorded(
    pause_events: PauseEvents, draft: Draft, principal: Principal = INGRID, key: RequestKey | None = None
) -> Recorded:
    return pause_events.record(draft, principal=principal, key=key, wait_seconds=2)


def test_a_replaced_coordinator_does_not_get_the_news(
    pause_events: PauseEvents, notifier: FakeNotifier, bring_in: Import
) -> None:
    bring_in(person("coordinator", "new"), assignment("new", "oslo"))

    event = recorded(pause_events, a_draft(), NHF_ADMIN).event

    assert event.recipients == ("new", MENTOR)


def test_without_a_coordinator_the_admins_stand_in(
    pause_events: PauseEvents,
    notifier: FakeNotifier,
) -> None:
    event = recorded(pause_events, a_draft(peer_mentor_id="pm_alone"), NHF_ADMIN).event

    assert event.coordinator_id is None
    assert notifier.announced[0].audience.admin_ids == ("admin_nhf",)
    assert event.notifications_sent == ["org_admin_email", "peer_mentor_email"]
    stored = pause_events.find(event.id, principal=GLOBAL_ADMIN)
    assert (stored.resolution_rule, stored.resolution_source) == ("no_active_assignment", "admins")


def test_the_other_coordinators_receive_it_where_the_organisation_wants_it(
    pause_events: PauseEvents, notifier: FakeNotifier, bring_in: Import
) -> None:
    bring_in(
        organisation("nhf", tell_all_coordinators="ja"),
        assignment(COORDINATOR, "oslo", primary="true"),
        assignment("coord_2a3b4c5d", "oslo"),
    )

    recorded(pause_events, a_draft())

    assert notifier.announced[0].audience.also == ("coord_2a3b4c5d",)


def test_a_coordinator_who_acts_is_named_and_an_admin_is_not(pause_events: PauseEvents, notifier: FakeNotifier) -> None:
    recorded(pause_events, a_draft(), INGRID)
    recorded(pause_events, a_draft(event_type=EventType.PAUSE_DEACTIVATED), NHF_ADMIN)

    acted_by = [told.audience.acted_by for told in notifier.announced]
    assert acted_by == [ActedBy(id=COORDINATOR, name="Ingrid Bakke"), None]


def test_only_a_coordinator_who_acts_for_another_person_is_named(
    pause_events: PauseEvents, notifier: FakeNotifier, bring_in: Import
) -> None:
    bring_in(person("coordinator", MENTOR))
    himself = Principal(id=MENTOR, roles=frozenset({COORDINATOR_ROLE, ORG_ADMIN}), organisation_id="nhf")
    as_admin = Principal(id=COORDINATOR, roles=frozenset({ORG_ADMIN}), organisation_id="nhf")

    recorded(pause_events, a_draft(), himself)
    recorded(pause_events, a_draft(event_type=EventType.PAUSE_DEACTIVATED), as_admin)

    assert [told.audience.acted_by for told in notifier.announced] == [None, None]
