"""Pauses over HTTP: lists, return dates, check-ins."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from orchestrator_service.domain.pause_events import EventType
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from sqlalchemy import text

from ..builders import COORDINATOR, DAY, GLOBAL_ADMIN, INGRID, LHL_ADMIN, MENTOR, NHF_ADMIN, a_draft, mentor
from ..conftest import Headers, Import
from ..fakes import FakeNotifier, MovableClock

BASE = "/api/v1/pauses"
NOW = datetime(2026, 5, 12, 10, tzinfo=UTC)
Paused = dict[str, str]

pytestmark = pytest.mark.usefixtures("directory")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def coordinator(as_person: Callable[..., Headers]) -> Headers:
    return as_person(COORDINATOR, "coordinator")


@pytest.fixture
def org_admin(as_person: Callable[..., Headers]) -> Headers:
    return as_person("admin_nhf", "org_admin")


def returns(days: int) -> datetime:
    """Midnight in Oslo."""
    return datetime(2026, 5, 11, 22, tzinfo=UTC) + days * DAY


@pytest.fixture
def paused(pause_events: PauseEvents, clock: MovableClock, bring_in: Import) -> Paused:
    """Five mentors of nhf pause, one did, and one of lhl pauses: the ids of the events by mentor."""
    bring_in(*(mentor(id_, "oslo") for id_ in ("pm_due", "pm_ended", "pm_gone")))
    dates = {MENTOR: -12, "pm_662f9511": 3, "pm_alone": None, "pm_due": 14, "pm_ended": -3, "pm_gone": -1}
    ids = {}
    for id_, days in dates.items():
        clock.now += timedelta(seconds=1)
        date = None if days is None else returns(days)
        draft = a_draft(peer_mentor_id=id_, expected_return_date=date, reason="Illness" if id_ == MENTOR else None)
        ids[id_] = pause_events.record(draft, principal=NHF_ADMIN, key=None, wait_seconds=0).event.id
    draft = a_draft(peer_mentor_id="mentor-042")
    ids["mentor-042"] = pause_events.record(draft, principal=LHL_ADMIN, key=None, wait_seconds=0).event.id
    ended = a_draft(peer_mentor_id="pm_ended", event_type=EventType.PAUSE_DEACTIVATED)
    pause_events.record(ended, principal=NHF_ADMIN, key=None, wait_seconds=0)
    bring_in(mentor("pm_gone", active="false"))
    return ids


def listed(client: FlaskClient, headers: Headers, query: str = "") -> list[str]:
    answer = client.get(f"{BASE}?{query}", headers=headers)
    assert answer.status_code == 200, answer.get_json()
    found = [item["peer_mentor_id"] for item in answer.get_json()["data"]]
    assert answer.get_json()["pagination"]["total"] == len(found)
    return found


def test_a_pause_is_listed_with_all_but_its_reason(client: FlaskClient, paused: Paused, coordinator: Headers) -> None:
    [item] = client.get(f"{BASE}?state=overdue", headers=coordinator).get_json()["data"]

    assert item == {
        "id": paused[MENTOR],
        "peer_mentor_id": MENTOR,
        "peer_mentor_name": f"Navn {MENTOR}",
        "chapter_ids": ["oslo"],
        "effective_date": "2026-03-20T00:00:00.000Z",
        "expected_return_date": "2026-04-29T22:00:00.000Z",
        "is_overdue": True,
        "days_overdue": 12,
        "cause": "voluntary",
        "recorded_by": {"role": "org_admin", "id": "admin_nhf", "name": "Navn admin_nhf"},
        "coordinator_id": COORDINATOR,
        "has_reason": True,
        "ended_at": None,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["pm_gone", "pm_ended", "pm_due", "pm_alone", "pm_662f9511", MENTOR]),
        ("state=open", ["pm_due", "pm_alone", "pm_662f9511", MENTOR]),
        ("state=open&sort=return_date", [MENTOR, "pm_662f9511", "pm_due", "pm_alone"]),
        ("state=overdue", [MENTOR]),
        ("state=due_soon", ["pm_due", "pm_662f9511"]),
        ("state=open_ended", ["pm_alone"]),
        ("state=ended", ["pm_ended"]),
        ("state=open&chapter_id=oslo", ["pm_due", MENTOR]),
        ("state=open&chapter_id=drammen", []),
        ("coordinator_id=coord_2a3b4c5d", ["pm_662f9511"]),
        ("coordinator_id=coordinator-007", []),
        ("coordinator_id=nobody", []),
        ("cause=certification_expired", []),
        ("cause=voluntary&state=open_ended", ["pm_alone"]),
    ],
)
def test_what_a_list_is_narrowed_to(
    client: FlaskClient, paused: Paused, org_admin: Headers, query: str, expected: list[str]
) -> None:
    assert listed(client, org_admin, query) == expected


@pytest.mark.parametrize(("days", "state"), [(0, "due_soon"), (-1, "overdue"), (15, "open")])
def test_days_are_those_of_the_organisations_calendar(
    client: FlaskClient, pause_events: PauseEvents, org_admin: Headers, days: int, state: str
) -> None:
    draft = a_draft(expected_return_date=returns(days))
    pause_events.record(draft, principal=INGRID, key=None, wait_seconds=0)

    states = [name for name in ("overdue", "due_soon") if listed(client, org_admin, f"state={name}")]
    assert states == ([] if state == "open" else [state])


@pytest.mark.parametrize("sort", ["newest", "return_date"])
@pytest.mark.parametrize("limit", [1, 2, 4])
def test_pages_in_both_directions_show_each_pause_once(
    client: FlaskClient, paused: Paused, org_admin: Headers, sort: str, limit: int
) -> None:
    whole = listed(client, org_admin, f"state=open&sort={sort}")
    pages: list[list[str]] = []
    address: str | None = f"{BASE}?state=open&sort={sort}&limit={limit}"
    while address is not None:
        answer = client.get(address, headers=org_admin)
        pages.append([item["peer_mentor_id"] for item in answer.get_json()["data"]])
        links = {part.split('rel="')[1][:-1]: part[1 : part.index(">")] for part in answer.headers["Link"].split(", ")}
        if "next" not in links and "prev" in links:
            before = client.get(links["prev"], headers=org_admin).get_json()["data"]
            assert [item["peer_mentor_id"] for item in before] == pages[-2]
        address = links.get("next")

    assert [id_ for page in pages for id_ in page] == whole


def test_who_sees_which_pauses(
    client: FlaskClient, paused: Paused, coordinator: Headers, as_person: Callable[..., Headers]
) -> None:
    assert listed(client, coordinator, "state=open") == ["pm_due", MENTOR]
    assert listed(client, coordinator, "state=open&coordinator_id=coord_2a3b4c5d") == []
    assert listed(client, as_person("admin_lhl", "org_admin", "lhl")) == ["mentor-042"]
    assert len(listed(client, as_person("root", "global_admin", None))) == 7
    assert client.get(BASE, headers=as_person(MENTOR, "peer_mentor")).status_code == 403
    assert client.get(BASE).status_code == 401
    assert client.get(f"{BASE}?state=closed", headers=coordinator).status_code == 422


def test_the_reason_is_in_no_answer(client: FlaskClient, paused: Paused, coordinator: Headers) -> None:
    answers = [
        client.get(BASE, headers=coordinator),
        put(client, paused[MENTOR], coordinator, "2026-06-01T00:00:00Z"),
        client.post(f"{BASE}/{paused[MENTOR]}/check-in", headers=coordinator),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 201]
    assert not any("Illness" in answer.get_data(as_text=True) for answer in answers)


def put(client: FlaskClient, event_id: str, headers: Headers, date: str | None, **more: Any) -> Any:
    return client.put(f"{BASE}/{event_id}/return-date", json={"expected_return_date": date, **more}, headers=headers)


def test_a_return_date_is_stored_audited_and_planned(
    client: FlaskClient, paused: Paused, coordinator: Headers, database: Database, clock: MovableClock
) -> None:
    clock.now += timedelta(minutes=1)
    answer = put(client, paused[MENTOR], coordinator, "2026-06-01T00:00:00Z")

    assert answer.get_json() == {
        "id": paused[MENTOR],
        "peer_mentor_id": MENTOR,
        "expected_return_date": "2026-06-01T00:00:00.000Z",
        "is_overdue": False,
        "updated_at": "2026-05-12T10:01:06.000Z",
    }
    event = client.get(f"/api/v1/pause-notifications/{paused[MENTOR]}", headers=coordinator)
    assert event.headers["ETag"] == answer.headers["ETag"]
    assert event.get_json()["expected_return_date"] == "2026-06-01T00:00:00.000Z"
    assert put(client, paused[MENTOR], coordinator, "2026-05-01T00:00:00Z").get_json()["is_overdue"] is True
    assert put(client, paused[MENTOR], coordinator, None).get_json()["expected_return_date"] is None
    with database.begin(all_tenants("test")) as session:
        entries = session.execute(text("SELECT actor_id, details FROM audit_entry WHERE action = 'event_corrected'"))
        subjects = session.scalars(text("SELECT subject FROM agenda_change")).all()
        assert [tuple(row) for row in entries] == [(COORDINATOR, {"fields": ["expected_return_date"]})] * 3
    assert subjects.count(f"pause:{MENTOR}") == 4


def test_an_outdated_version_and_members_that_do_not_fit_are_refused(
    client: FlaskClient, paused: Paused, coordinator: Headers
) -> None:
    old = client.get(f"/api/v1/pause-notifications/{paused[MENTOR]}", headers=coordinator).headers["ETag"]
    put(client, paused[MENTOR], coordinator, "2026-06-01T00:00:00Z")

    assert put(client, paused[MENTOR], {**coordinator, "If-Match": old}, None).status_code == 412
    assert put(client, paused[MENTOR], coordinator, "1999-01-01T00:00:00Z").status_code == 422
    assert put(client, paused[MENTOR], coordinator, "2026-06-01").status_code == 422
    assert put(client, paused[MENTOR], coordinator, None, reason="x").status_code == 422
    assert client.put(f"{BASE}/{paused[MENTOR]}/return-date", json={}, headers=coordinator).status_code == 422


@pytest.mark.parametrize("operation", ["return-date", "check-in"])
def test_who_may_act_on_which_pause(
    client: FlaskClient, paused: Paused, as_person: Callable[..., Headers], pause_events: PauseEvents, operation: str
) -> None:
    def status(headers: Headers, event_id: str = paused[MENTOR]) -> int:
        if operation == "return-date":
            return put(client, event_id, headers, None).status_code  # type: ignore[no-any-return]
        return client.post(f"{BASE}/{event_id}/check-in", headers=headers).status_code

    coordinator = as_person(COORDINATOR, "coordinator")
    good = 200 if operation == "return-date" else 201
    assert status({}) == 401
    assert status(as_person(MENTOR, "peer_mentor")) == 403
    assert status(as_person("root", "global_admin", None)) == 403
    assert status(as_person("coord_2a3b4c5d", "coordinator")) == 404
    assert status(as_person("admin_lhl", "org_admin", "lhl")) == 404
    assert status(coordinator, "pn_000000000000") == 404
    assert status(as_person("admin_nhf", "org_admin"), paused["pm_ended"]) == 409
    ends = a_draft(event_type=EventType.CERTIFICATION_EXPIRED)
    other = pause_events.record(ends, principal=INGRID, key=None, wait_seconds=0).event.id
    assert status(coordinator, other) == 404
    assert status(coordinator) == good
    assert status(as_person("admin_nhf", "org_admin"), paused["pm_662f9511"]) == good


def test_a_check_in_is_told_at_once_and_once_in_seven_days_of_a_pause(
    client: FlaskClient,
    paused: Paused,
    *,
    as_person: Callable[..., Headers],
    clock: MovableClock,
    notifier: FakeNotifier,
    dispatcher: Dispatcher,
) -> None:
    def post(**headers: str) -> Any:
        person = as_person(COORDINATOR, "coordinator")
        return client.post(f"{BASE}/{paused[MENTOR]}/check-in", headers={**person, **headers})

    def wait_for_notices(number: int) -> None:
        """A thread of the request may have begun one."""
        deadline = time.monotonic() + 10
        while len(notifier.notices) < number and time.monotonic() < deadline:
            dispatcher.run_once()

    clock.now = NOW + timedelta(hours=1)
    first = post(**{"Idempotency-Key": "k-1"})
    wait_for_notices(1)
    clock.now += 7 * DAY - timedelta(milliseconds=1)
    again, soon = post(**{"Idempotency-Key": "k-1"}), post()
    clock.now += timedelta(milliseconds=1)
    later = post()
    wait_for_notices(2)

    expected = {"event_id": paused[MENTOR], "recipient_id": MENTOR, "told_at": "2026-05-12T11:00:00.000Z"}
    assert (first.status_code, first.get_json()) == (201, expected)
    assert (again.status_code, again.get_json(), again.headers["Idempotency-Replayed"]) == (201, expected, "true")
    assert soon.status_code == 409
    assert soon.get_json()["type"] == "urn:pause-notices:problem:too-soon"
    assert soon.get_json()["next_at"] == "2026-05-19T11:00:00.000Z"
    assert later.status_code == 201
    told = [(notice.kind, notice.mentor_id, notice.is_planned) for notice in notifier.notices]
    assert told == [("check_in", MENTOR, False)] * 2


def test_a_check_in_is_for_one_pause_and_is_audited(
    client: FlaskClient, paused: Paused, coordinator: Headers, pause_events: PauseEvents, database: Database
) -> None:
    def status(event_id: str) -> int:
        return client.post(f"{BASE}/{event_id}/check-in", headers=coordinator).status_code

    def record(event_type: EventType) -> str:
        draft = a_draft(event_type=event_type, effective_date=NOW)
        return pause_events.record(draft, principal=INGRID, key=None, wait_seconds=0).event.id

    assert (status(paused[MENTOR]), status(paused[MENTOR])) == (201, 409)
    record(EventType.PAUSE_DEACTIVATED)
    assert status(paused[MENTOR]) == 409
    last = record(EventType.PAUSE_ACTIVATED)

    assert status(last) == 201
    with database.begin(all_tenants("test")) as session:
        entries = session.execute(text("SELECT object_id, subject_id FROM audit_entry WHERE action = 'checked_in'"))
        assert {tuple(row) for row in entries} == {(paused[MENTOR], MENTOR), (last, MENTOR)}


def test_a_removed_pause_is_gone_from_the_list(
    client: FlaskClient, paused: Paused, coordinator: Headers, pause_events: PauseEvents
) -> None:
    pause_events.remove(paused[MENTOR], principal=GLOBAL_ADMIN, versions=None)

    assert listed(client, coordinator, "state=open") == ["pm_due"]
