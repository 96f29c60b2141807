"""Whoever follows `next` and `prev` of a list sees each item once, whatever comes and goes in front meanwhile."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from flask.testing import FlaskClient
from orchestrator_service.domain.announcements import Audience
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.store import pause_events
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.pagination import Cursor
from shared_lib.web.pagination import encode_cursor
from shared_lib_testing.links import followed, link_of
from werkzeug.test import TestResponse

from ..builders import COORDINATOR, DAY, EFFECTIVE, GLOBAL_ADMIN, MENTOR, RECORDED, an_event
from ..conftest import Headers

pytestmark = pytest.mark.usefixtures("directory")
BASE = "/api/v1/pause-notifications"
AsPerson = Callable[..., Headers]
CALLERS = {
    "global admin": ("root", "global_admin", None),
    "org admin": ("admin_nhf", "org_admin", "nhf"),
    "coordinator": (COORDINATOR, "coordinator", "nhf"),
}
FILTERS = ("", "&event_type=pause_activated", f"&peer_mentor_id={MENTOR}", f"&coordinator_id={COORDINATOR}")
ALL = f"&event_type=pause_activated&peer_mentor_id={MENTOR}&coordinator_id={COORDINATOR}"


class World:
    """Events, of which always two have the same moment; added and removed as a test says."""

    def __init__(self, database: Database, pause_events: PauseEvents) -> None:
        self.database, self.pause_events = database, pause_events
        self.numbers = count()

    def add(self, organisation: str = "nhf", mentor: str = MENTOR, coordinator: str = COORDINATOR) -> PauseEvent:
        """One newer than all others, or of the same moment as the one before."""
        number = next(self.numbers)
        event = an_event(
            id=f"pn_{number * 7919 % 4096:012x}",
            organisation_id=organisation,
            peer_mentor_id=mentor,
            audience=Audience(coordinator_id=coordinator),
            effective_date=EFFECTIVE + number * DAY,
            created_at=RECORDED + timedelta(microseconds=(number + 1) // 2),
        )
        with self.database.begin(tenant(organisation)) as session:
            pause_events.add(session, self.pause_events.cipher, event)
        return event

    def remove(self, event_id: str) -> None:
        self.pause_events.remove(event_id, principal=GLOBAL_ADMIN, versions=None)


@pytest.fixture
def world(database: Database, pause_events: PauseEvents) -> World:
    return World(database, pause_events)


@pytest.fixture
def admin(as_person: AsPerson) -> Headers:
    return as_person("admin_nhf", "org_admin")


def ids(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json["data"]]


def newest_first(events: list[PauseEvent]) -> list[str]:
    return [event.id for event in sorted(events, key=lambda event: (event.created_at, event.id), reverse=True)]


@pytest.mark.parametrize("narrowed", [*FILTERS, ALL])
@pytest.mark.parametrize("caller", CALLERS)
def test_following_neither_misses_nor_repeats_while_items_come_and_go_in_front(
    client: FlaskClient, world: World, as_person: AsPerson, caller: str, narrowed: str
) -> None:
    expected = newest_first([world.add() for _ in range(10)])
    headers = as_person(*CALLERS[caller])

    seen: list[str] = []
    for answer in followed(client, f"{BASE}?limit=2{narrowed}", headers=headers):
        assert answer.json["pagination"]["total"] == 10 + len(seen) // 2
        seen += ids(answer)
        world.add()
        world.add()
        world.remove(seen[-1])  # the very item that `next` begins after

    assert seen == expected


@pytest.mark.parametrize("caller", CALLERS)
def test_nor_when_everything_in_front_is_removed(
    client: FlaskClient, world: World, as_person: AsPerson, caller: str
) -> None:
    expected = newest_first([world.add() for _ in range(10)])

    seen: list[str] = []
    for answer in followed(client, f"{BASE}?limit=2", headers=as_person(*CALLERS[caller])):
        assert answer.json["pagination"]["total"] == 10 - len(seen)
        seen += ids(answer)
        for event_id in ids(answer):
            world.remove(event_id)

    assert seen == expected


@pytest.mark.parametrize("caller", CALLERS)
def test_the_way_back_shows_the_same_pages_although_there_are_more_in_front(
    client: FlaskClient, world: World, as_person: AsPerson, caller: str
) -> None:
    there = [world.add() for _ in range(10)]
    headers = as_person(*CALLERS[caller])
    forth = list(followed(client, f"{BASE}?limit=2", headers=headers))
    newest = newest_first([*there, world.add(), world.add()])[:2]

    back = list(followed(client, link_of(forth[-1], "prev") or "", "prev", headers=headers))

    assert [answer.json["pagination"]["page"] for answer in (*forth, *back)] == [1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert [ids(answer) for answer in back] == [*(ids(answer) for answer in forth[3:0:-1]), newest]
    assert link_of(back[-2], "prev") == f"{BASE}?page=1&limit=2"


def test_the_way_back_ends_where_nothing_is_left_in_front(client: FlaskClient, world: World, admin: Headers) -> None:
    for _ in range(10):
        world.add()
    forth = list(followed(client, f"{BASE}?limit=2", headers=admin))
    for answer in forth[:3]:
        for event_id in ids(answer):
            world.remove(event_id)

    back = list(followed(client, link_of(forth[4], "prev") or "", "prev", headers=admin))

    assert [ids(answer) for answer in back] == [ids(forth[3])]
    assert ids(client.get(link_of(back[-1], "next") or "", headers=admin)) == ids(forth[4])


def test_a_page_that_was_left_empty_leads_back_by_its_number(client: FlaskClient, world: World, admin: Headers) -> None:
    for _ in range(5):
        world.add()
    *_, fourth, last = followed(client, f"{BASE}?limit=1", headers=admin)
    address = link_of(fourth, "next") or ""
    world.remove(ids(last)[0])

    answer = client.get(address, headers=admin)

    assert (ids(answer), answer.json["pagination"]) == ([], {"page": 5, "limit": 1, "total": 4})
    assert link_of(answer, "next") is None
    assert link_of(answer, "prev") == f"{BASE}?page=4&limit=1"


def test_links_keep_the_filters_and_first_and_last_are_numbers(
    client: FlaskClient, world: World, admin: Headers
) -> None:
    for _ in range(10):
        world.add()
    second = client.get(
        link_of(client.get(f"{BASE}?limit=2&coordinator_id={COORDINATOR}", headers=admin), "next") or "", headers=admin
    )
    third = client.get(link_of(second, "next") or "", headers=admin)

    place = f"{BASE}?coordinator_id={COORDINATOR}&page="
    assert (link_of(third, "first"), link_of(third, "last")) == (f"{place}1&limit=2", f"{place}5&limit=2")
    assert (link_of(third, "next") or "").startswith(f"{place}4&limit=2&after=")
    assert (link_of(third, "prev") or "").startswith(f"{place}2&limit=2&before=")


def test_beyond_the_last_number_the_cursor_still_leads_on(client: FlaskClient, world: World, admin: Headers) -> None:
    events = newest_first([world.add() for _ in range(3)])
    first = client.get(f"{BASE}?limit=1", headers=admin)
    far = (link_of(first, "next") or "").replace("page=2", "page=10000")

    pages = list(followed(client, far, headers=admin))

    assert [ids(answer) for answer in pages] == [[events[1]], [events[2]]]
    assert {answer.json["pagination"]["page"] for answer in pages} == {10000}


@pytest.mark.parametrize("relation", ["after", "before"])
def test_a_cursor_from_elsewhere_shows_nothing_foreign(
    client: FlaskClient, world: World, as_person: AsPerson, relation: str
) -> None:
    for _ in range(3):
        world.add("lhl", "mentor-042", "coordinator-007")
        world.add("nhf", "pm_662f9511", "coord_2a3b4c5d")
        world.add()
    everything = client.get(BASE, headers=as_person("root", "global_admin", None)).json["data"]
    cursors = [
        encode_cursor(Cursor(datetime.fromisoformat(item["created_at"]), item["id"]))
        for item in everything
        if item["peer_mentor_id"] != MENTOR
    ]

    for cursor in cursors:
        address = f"{BASE}?{relation}={cursor}"
        ingrid = client.get(address, headers=as_person(COORDINATOR, "coordinator"))
        organisation = client.get(address, headers=as_person("admin_nhf", "org_admin"))
        assert {item["peer_mentor_id"] for item in ingrid.json["data"]} <= {MENTOR}
        assert {item["peer_mentor_id"] for item in organisation.json["data"]} <= {MENTOR, "pm_662f9511"}
        assert (ingrid.json["pagination"]["total"], organisation.json["pagination"]["total"]) == (3, 6)


def refused() -> Iterator[tuple[str, str]]:
    good = encode_cursor(Cursor(RECORDED, "pn_8a1b2c3d4e5f"))
    yield "before", f"after={good}&before={good}"
    for name in ("after", "before"):
        for text in ("", "x", f"{good}=", f"{good}%00", "A" * 129, "%FF", encode_cursor(Cursor(RECORDED, "not an id"))):
            yield name, f"{name}={text}"
        yield name, f"{name}={encode_cursor(Cursor(datetime(2100, 1, 1, tzinfo=UTC), 'pn_8a1b2c3d4e5f'))}"


@pytest.mark.parametrize(("name", "query"), list(refused()))
def test_what_is_no_cursor_is_a_fault_of_its_field(client: FlaskClient, admin: Headers, name: str, query: str) -> None:
    answer = client.get(f"{BASE}?{query}", headers=admin)

    assert (answer.status_code, list(answer.json["errors"])) == (422, [name])
