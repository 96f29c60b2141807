"""Renewing and removing a certification and enrolling for a renewal, over HTTP, with a clock that is turned."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from orchestrator_service.usecases.pause_events import PauseEvents
from shared_lib.agenda import AgendaLoop
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.outbox import Dispatcher
from sqlalchemy import text

from ..builders import COORDINATOR, MENTOR, certification
from ..conftest import Headers, Import
from ..fakes import FakeNotifier, MovableClock
from .test_planning import play, recorded, utc

PATH = f"/api/v1/mentors/{MENTOR}"
CERTIFICATION, ENROLMENT = f"{PATH}/certification", f"{PATH}/renewal-enrolment"
AsPerson = Callable[..., Headers]
Reasons = Callable[[], dict[str, str | None]]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(utc("2026-03-02T10:00"))


@pytest.fixture
def org_admin(as_person: AsPerson) -> Headers:
    return as_person("admin_nhf", "org_admin")


@pytest.fixture
def certified(directory: None, bring_in: Import, agenda: AgendaLoop) -> None:
    """Until Friday, 1 May."""
    bring_in(certification(MENTOR, "2026-05-01T00:00:00Z"))
    agenda.poll()


@pytest.fixture
def put(client: FlaskClient, org_admin: Headers) -> Callable[..., Any]:
    def ask(expires_at: str, status: int = 200) -> Any:
        answer = client.put(CERTIFICATION, json={"expires_at": expires_at}, headers=org_admin)
        assert answer.status_code == status, answer.get_json()
        return answer.get_json()

    return ask


@pytest.fixture
def reasons(database: Database) -> Reasons:
    """Of the decisions about the mentor's certification, by the year of its end and the number of days before it."""

    def read() -> dict[str, str | None]:
        with database.begin(all_tenants("test")) as session:
            query = text("SELECT key, reason FROM planned_act WHERE tenant = 'nhf'")
            found = session.execute(query).all()
        return {f"{key.split('/')[2][:4]} {key.split('/')[-1][:4]}": reason for key, reason in found}

    return read


@pytest.fixture
def ahead(agenda: AgendaLoop, clock: MovableClock) -> Callable[[str], None]:
    """Play until then."""

    def run(until: str) -> None:
        play(agenda, clock, until)

    return run


def notified(pause_events: PauseEvents) -> list[tuple[int | None, str]]:
    """Tier and moment of what was recorded about the mentor, the oldest first."""
    own = [event for event in recorded(pause_events) if event.peer_mentor_id == MENTOR]
    return [(event.tier, f"{event.created_at:%Y-%m-%dT%H:%M}") for event in own]


@pytest.mark.usefixtures("certified")
def test_a_renewal_replaces_what_was_planned(
    put: Callable[..., Any], ahead: Callable[[str], None], pause_events: PauseEvents, reasons: Reasons
) -> None:
    ahead("2026-04-20T10:00")

    answer = put("2028-05-01T00:00:00.000Z")

    assert answer == {
        "mentor_id": MENTOR,
        "expires_at": "2028-05-01T00:00:00.000Z",
        "state": "valid",
        "renewed_from": "2026-05-01T00:00:00.000Z",
        "enrolled_for": None,
        "updated_at": "2026-04-20T10:00:00.000Z",
    }
    assert reasons() == {"2026 30": None, "2026 14": None, "2026 7": "renewed", "2026 2026": "renewed"}
    ahead("2028-04-01T00:00")
    assert notified(pause_events) == [(30, "2026-04-01T07:00"), (14, "2026-04-17T07:00"), (30, "2028-03-31T07:00")]


@pytest.mark.usefixtures("certified")
def test_the_same_date_again_changes_nothing(
    put: Callable[..., Any], clock: MovableClock, database: Database, dispatcher: Dispatcher, notifier: FakeNotifier
) -> None:
    first = put("2028-05-01T00:00:00.000Z")
    clock.now = utc("2026-03-05T10:00")

    assert put("2028-05-01T02:00:00.000+02:00") == first

    dispatcher.run_once()
    assert [each.expires_at for each in notifier.certifications if each.mentor_id == MENTOR][-1:] == [
        utc("2028-05-01T00:00")
    ]
    with database.begin(all_tenants("test")) as session:
        query = "SELECT actor_id, details FROM audit_entry WHERE action = 'certification_changed'"
        [entry] = session.execute(text(query)).all()
    assert entry.actor_id == "admin_nhf"
    assert entry.details["before"] == "2026-05-01T00:00:00+00:00"
    assert entry.details["after"] == "2028-05-01T00:00:00+00:00"


def test_what_a_renewal_stores_waits_for_no_lease(
    certified: None, agenda: AgendaLoop, clock: MovableClock, put: Callable[..., Any], dispatcher: Dispatcher
) -> None:
    """The request does not deliver it, so the relays must be able to at once; later news of the mentor waits behind."""
    play(agenda, clock, "2026-04-20T10:00")
    while dispatcher.run_once():
        pass
    put("2028-05-01T00:00:00.000Z")

    with dispatcher.database.begin(all_tenants("test")) as session:
        stored = session.execute(text("SELECT kind, leased_by FROM outbox WHERE kind IN ('notice', 'certification')"))
        assert {(row.kind, row.leased_by) for row in stored} == {("notice", None), ("certification", None)}


@pytest.mark.usefixtures("certified")
def test_a_renewal_that_is_taken_back_is_planned_again(
    put: Callable[..., Any], ahead: Callable[[str], None], pause_events: PauseEvents
) -> None:
    ahead("2026-04-20T10:00")
    put("2028-05-01T00:00:00.000Z")
    ahead("2026-04-20T11:00")

    answer = put("2026-05-01T00:00:00.000Z")
    ahead("2026-06-01T00:00")

    assert answer["renewed_from"] is None
    assert notified(pause_events)[2:] == [(7, "2026-04-24T07:00"), (None, "2026-05-01T00:00")]


@pytest.mark.usefixtures("directory")
def test_a_first_certification_is_planned_from_then_on(
    put: Callable[..., Any], ahead: Callable[[str], None], pause_events: PauseEvents
) -> None:
    assert put("2026-03-20T00:00:00.000Z", status=201)["renewed_from"] is None

    ahead("2026-04-01T00:00")

    assert notified(pause_events) == [(14, "2026-03-06T08:00"), (7, "2026-03-13T08:00"), (None, "2026-03-20T00:00")]


@pytest.mark.usefixtures("certified")
def test_a_removed_certification_is_planned_no_more(
    client: FlaskClient,
    org_admin: Headers,
    *,
    ahead: Callable[[str], None],
    pause_events: PauseEvents,
    reasons: Reasons,
    dispatcher: Dispatcher,
    notifier: FakeNotifier,
) -> None:
    ahead("2026-04-02T10:00")

    answer = client.delete(CERTIFICATION, headers=org_admin)

    assert answer.get_json() == {"mentor_id": MENTOR, "deleted": True, "deleted_at": "2026-04-02T10:00:00.000Z"}
    assert set(reasons().values()) == {None, "not_required"}
    assert client.delete(CERTIFICATION, headers=org_admin).status_code == 404
    assert client.get(PATH, headers=org_admin).get_json()["certification"] is None
    ahead("2026-06-01T00:00")
    assert notified(pause_events) == [(30, "2026-04-01T07:00")]
    dispatcher.run_once()
    assert [each.reason for each in notifier.certifications if each.mentor_id == MENTOR][-1] == "not_required"


@pytest.mark.usefixtures("certified")
def test_an_enrolment_holds_reminders_until_its_grace_has_passed(
    client: FlaskClient, org_admin: Headers, ahead: Callable[[str], None], pause_events: PauseEvents
) -> None:
    ahead("2026-03-20T10:00")
    first = client.put(ENROLMENT, json={"course_date": "2026-04-05"}, headers=org_admin)
    again = client.put(ENROLMENT, json={"course_date": "2026-04-05"}, headers=org_admin)

    assert (
        first.get_json()
        == again.get_json()
        == {
            "mentor_id": MENTOR,
            "course_date": "2026-04-05",
            "reminders_resume_on": "2026-04-20",
            "updated_at": "2026-03-20T10:00:00.000Z",
        }
    )
    shown = client.get(PATH, headers=org_admin).get_json()
    assert shown["certification"]["enrolled_for"] == "2026-04-05"
    assert [each["kind"] for each in shown["next"]] == ["cert_expired"]
    [listed] = client.get("/api/v1/mentors?certification=enrolled", headers=org_admin).get_json()["data"]
    assert listed["mentor_id"] == MENTOR
    ahead("2026-06-01T00:00")
    assert notified(pause_events) == [(14, "2026-04-20T07:00"), (7, "2026-04-24T07:00"), (None, "2026-05-01T00:00")]


@pytest.mark.usefixtures("certified")
@pytest.mark.parametrize(
    ("taken_back", "told"),
    [("2026-04-10T10:00", [14, 7, None]), ("2026-04-20T10:00", [7, None]), ("2026-04-28T06:00", [7, None])],
)
def test_an_enrolment_that_is_taken_back_goes_on_with_the_next_reminder(
    client: FlaskClient,
    org_admin: Headers,
    *,
    ahead: Callable[[str], None],
    pause_events: PauseEvents,
    taken_back: str,
    told: list[int | None],
) -> None:
    client.put(ENROLMENT, json={"course_date": "2026-05-20"}, headers=org_admin)
    ahead(taken_back)

    answer = client.delete(ENROLMENT, headers=org_admin)

    assert (answer.status_code, answer.get_json()["course_date"]) == (200, None)
    ahead("2026-06-01T00:00")
    assert [tier for tier, _ in notified(pause_events)] == told


@pytest.mark.usefixtures("certified")
def test_an_enrolment_ends_with_the_renewal(client: FlaskClient, org_admin: Headers, put: Callable[..., Any]) -> None:
    client.put(ENROLMENT, json={"course_date": "2026-04-05"}, headers=org_admin)

    assert put("2028-05-01T00:00:00.000Z")["enrolled_for"] is None


@pytest.mark.usefixtures("certified")
def test_an_outdated_version_is_refused(client: FlaskClient, org_admin: Headers) -> None:
    etag = client.get(PATH, headers=org_admin).headers["ETag"]
    assert client.get(PATH, headers=org_admin).headers["ETag"] == etag
    body, course = {"expires_at": "2028-05-01T00:00:00.000Z"}, {"course_date": "2026-04-05"}

    def statuses(tag: str) -> list[int]:
        headers = {**org_admin, "If-Match": tag}
        return [
            client.put(ENROLMENT, json=course, headers=headers).status_code,
            client.put(CERTIFICATION, json=body, headers=headers).status_code,
            client.delete(ENROLMENT, headers=headers).status_code,
            client.delete(CERTIFICATION, headers=headers).status_code,
        ]

    assert statuses(etag) == [200, 412, 412, 412]
    assert statuses("*") == [200, 200, 200, 200]


@pytest.mark.usefixtures("certified")
def test_who_may_change_what(client: FlaskClient, as_person: AsPerson) -> None:
    body, course = {"expires_at": "2028-05-01T00:00:00.000Z"}, {"course_date": "2026-04-05"}

    def statuses(*person: Any) -> list[int]:
        headers = as_person(*person)
        return [
            client.put(CERTIFICATION, json=body, headers=headers).status_code,
            client.put(ENROLMENT, json=course, headers=headers).status_code,
            client.delete(ENROLMENT, headers=headers).status_code,
            client.delete(CERTIFICATION, headers=headers).status_code,
        ]

    assert statuses("root", "global_admin", None) == [403] * 4
    assert statuses(MENTOR, "peer_mentor") == [403] * 4
    assert statuses("coord_2a3b4c5d", "coordinator") == [404, 404, 404, 403]
    assert statuses("admin_lhl", "org_admin", "lhl") == [404] * 4
    assert statuses(COORDINATOR, "coordinator") == [200, 200, 200, 403]
    assert statuses("admin_nhf", "org_admin") == [200] * 4


@pytest.mark.usefixtures("certified")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CERTIFICATION, {"expires_at": "1999-12-31T00:00:00.000Z"}),
        (CERTIFICATION, {"expires_at": "2100-01-01T00:00:00.000Z"}),
        (CERTIFICATION, {"expires_at": None}),
        (CERTIFICATION, {}),
        (CERTIFICATION, {"expires_at": "2028-05-01T00:00:00.000Z", "state": "valid"}),
        (ENROLMENT, {"course_date": "2026-02-30"}),
        (ENROLMENT, {"course_date": "20260405"}),
        (ENROLMENT, {"course_date": "1999-04-05"}),
        (ENROLMENT, {"course_date": None}),
        (ENROLMENT, {"course_date": "2026-04-05", "more": 1}),
    ],
)
def test_what_does_not_fit_is_refused(client: FlaskClient, org_admin: Headers, path: str, body: dict[str, Any]) -> None:
    assert client.put(path, json=body, headers=org_admin).status_code == 422


@pytest.mark.usefixtures("directory")
def test_without_a_certification_there_is_no_enrolment(client: FlaskClient, org_admin: Headers) -> None:
    assert client.put(ENROLMENT, json={"course_date": "2026-04-05"}, headers=org_admin).status_code == 404
    assert client.delete(ENROLMENT, headers=org_admin).status_code == 404


@pytest.mark.usefixtures("certified")
@pytest.mark.parametrize("way", ["request", "file"])
@pytest.mark.parametrize(
    ("renewed", "told"),
    [
        ("2026-03-31T21:00", None),
        ("2026-04-01T10:00", [MENTOR]),
        ("2026-05-02T10:00", [COORDINATOR, MENTOR]),
    ],
)
def test_a_renewal_is_told_when_it_was_due(
    put: Callable[..., Any],
    bring_in: Import,
    *,
    ahead: Callable[[str], None],
    dispatcher: Dispatcher,
    notifier: FakeNotifier,
    way: str,
    renewed: str,
    told: list[str] | None,
) -> None:
    ahead(renewed)

    if way == "request":
        put("2028-05-01T00:00:00.000Z")
    else:
        bring_in(certification(MENTOR, "2028-05-01T00:00:00Z"))
    ahead(renewed)
    while dispatcher.run_once():
        pass  # a mentor's messages leave one after the other

    notices = [(each.kind.value, each.date) for each in notifier.notices if each.mentor_id == MENTOR]
    assert notices == ([] if told is None else [("cert_renewed", utc("2028-05-01T00:00"))])
    coordinators = [each.audience.coordinator_id for each in notifier.notices if each.mentor_id == MENTOR]
    assert coordinators == ([] if told is None else [COORDINATOR if COORDINATOR in told else None])
