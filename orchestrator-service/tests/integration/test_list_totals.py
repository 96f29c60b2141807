"""The total of a list is the number of its rows, for every combination of filters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import pytest
from orchestrator_service.domain.access import Principal
from orchestrator_service.domain.announcements import Audience
from orchestrator_service.domain.pause_events import EventFilter, EventType, PauseEvent
from orchestrator_service.store import pause_events as store
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.pagination import PageRequest
from shared_lib_testing.postgres import Addresses
from sqlalchemy import text

from ..builders import COORDINATOR, DAY, EFFECTIVE, GLOBAL_ADMIN, INGRID, MENTOR, NHF_ADMIN, an_event

pytestmark = pytest.mark.usefixtures("directory")

EXAMPLES: Mapping[str, tuple[Any, ...]] = {
    "event_type": (None, EventType.PAUSE_ACTIVATED, EventType.CERTIFICATION_EXPIRED),
    "peer_mentor_id": (None, MENTOR),
    "coordinator_id": (None, COORDINATOR),
}
"""Values of each filter; a new field of `EventFilter` needs some, of which each narrows the events below."""
MENTORS = {MENTOR: "nhf", "pm_662f9511": "nhf", "mentor-042": "lhl"}
VISIBLE = {GLOBAL_ADMIN: set(MENTORS), NHF_ADMIN: {MENTOR, "pm_662f9511"}, INGRID: {MENTOR}}


@dataclass(frozen=True, kw_only=True)
class WiderFilter(EventFilter):
    """With a filter by a column that no counter table has."""

    resolution_source: str | None = None


@pytest.fixture
def there(database: Database, pause_events: PauseEvents) -> list[PauseEvent]:
    """One of each kind; every third of another resolution."""
    kinds = product(MENTORS, EventType, (COORDINATOR, "former", None))
    there = [
        an_event(
            id=f"pn_{number:012x}",
            peer_mentor_id=mentor,
            organisation_id=MENTORS[mentor],
            event_type=event_type,
            audience=Audience(coordinator_id=coordinator),
            effective_date=EFFECTIVE + number * DAY,
            resolution_source="admins" if number % 3 else "directory",
        )
        for number, (mentor, event_type, coordinator) in enumerate(kinds)
    ]
    with database.begin(all_tenants("test")) as session:
        for event in there:
            store.add(session, pause_events.cipher, event)
    return there


def every_combination() -> Iterator[EventFilter]:
    names = [field.name for field in fields(EventFilter)]
    for values in product(*(EXAMPLES[name] for name in names)):
        yield EventFilter(**dict(zip(names, values, strict=True)))


def matches(event: PauseEvent, wanted: EventFilter) -> bool:
    return all(value is None or getattr(event, name) == value for name, value in vars(wanted).items())


def walked(pause_events: PauseEvents, wanted: EventFilter, principal: Principal) -> tuple[list[str], set[int]]:
    """The ids on all pages, and the totals that these named."""
    request: PageRequest | None = PageRequest(limit=7)
    found, totals = [], set()
    while request is not None:
        page = pause_events.page(wanted, request, principal=principal)
        found += [event.id for event in page.items]
        totals.add(page.total)
        request = page.next_request
    return found, totals


@pytest.mark.parametrize("principal", VISIBLE, ids=lambda principal: principal.id)
def test_the_total_is_the_number_of_rows_on_all_pages(
    pause_events: PauseEvents, there: list[PauseEvent], principal: Principal
) -> None:
    for wanted in every_combination():
        expected = [e.id for e in there if e.peer_mentor_id in VISIBLE[principal] and matches(e, wanted)]

        found, totals = walked(pause_events, wanted, principal)

        assert (totals, sorted(found)) == ({len(expected)}, expected), wanted


@pytest.mark.parametrize("name", [field.name for field in fields(EventFilter)])
def test_every_example_narrows_the_list(there: list[PauseEvent], name: str) -> None:
    for value in EXAMPLES[name]:
        narrowed = [event for event in there if matches(event, EventFilter(**{name: value}))]
        assert value is None or 0 < len(narrowed) < len(there)


@pytest.mark.parametrize("principal", VISIBLE, ids=lambda principal: principal.id)
def test_a_filter_that_no_counter_table_covers_has_its_rows_counted(
    pause_events: PauseEvents, there: list[PauseEvent], principal: Principal
) -> None:
    for others in every_combination():
        wanted = WiderFilter(**vars(others), resolution_source="directory")
        expected = [
            e.id
            for e in there
            if e.peer_mentor_id in VISIBLE[principal] and e.resolution_source == "directory" and matches(e, others)
        ]

        found, totals = walked(pause_events, wanted, principal)

        assert (totals, sorted(found)) == ({len(expected)}, expected), wanted


def test_a_filter_that_is_covered_has_its_kept_total(
    pause_events: PauseEvents, there: list[PauseEvent], addresses: Addresses
) -> None:
    with Database.open(addresses.owner, pool_size=1).begin(all_tenants("test")) as session:
        session.execute(text("UPDATE event_count SET events = events + 7"))

    assert pause_events.page(EventFilter(), PageRequest(), principal=GLOBAL_ADMIN).total > len(there)
