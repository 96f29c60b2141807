"""Mentors over HTTP: what is shown of them, who sees whom, and by what a list is narrowed."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from orchestrator_service.domain.settings import Settings
from orchestrator_service.usecases.pause_events import PauseEvents
from orchestrator_service.usecases.settings import OrganisationsSettings
from shared_lib_testing.queries import recorded_queries

from ..builders import COORDINATOR, MENTOR, NHF_ADMIN, a_draft, certification, chapter, mentor
from ..conftest import Headers, Import
from ..fakes import MovableClock

PATH = "/api/v1/mentors"
AsPerson = Callable[..., Headers]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 3, 2, 10, tzinfo=UTC))


@pytest.fixture
def org_admin(as_person: AsPerson) -> Headers:
    return as_person("admin_nhf", "org_admin")


@pytest.fixture
def listed(client: FlaskClient, org_admin: Headers) -> Callable[..., list[str]]:
    def ids(query: str = "", headers: Headers = org_admin) -> list[str]:
        answer = client.get(f"{PATH}?{query}", headers=headers)
        assert answer.status_code == 200, answer.get_json()
        document = answer.get_json()
        assert document["pagination"]["total"] == len(document["data"])
        return [each["mentor_id"] for each in document["data"]]

    return ids


@pytest.fixture
def people(directory: None, bring_in: Import, pause_events: PauseEvents) -> None:
    """Beside those of the directory, two who are paused, one of them lapsed."""
    lines = [mentor("m_paused", "oslo|bergen", name="Åse 50%"), mentor("m_both", "oslo")]
    ends = {"m_both": "2026-03-01", MENTOR: "2026-04-01", "pm_662f9511": "2026-03-01", "pm_alone": "2026-04-02"}
    report = bring_in(chapter("oslo"), *lines, *(certification(*item) for item in ends.items()))
    assert report.problems.shown == []
    for paused in ("m_paused", "m_both"):
        draft = a_draft(peer_mentor_id=paused, expected_return_date=datetime(2026, 3, 1, 10, tzinfo=UTC))
        pause_events.record(draft, principal=NHF_ADMIN, key=None, wait_seconds=2)


@pytest.mark.usefixtures("people")
def test_a_mentor_is_shown_whole(client: FlaskClient, org_admin: Headers) -> None:
    certified = client.get(f"{PATH}/{MENTOR}", headers=org_admin)
    paused = client.get(f"{PATH}/m_paused", headers=org_admin).get_json()

    assert certified.get_json() == {
        "mentor_id": MENTOR,
        "name": f"Navn {MENTOR}",
        "organisation_id": "nhf",
        "chapters": [{"chapter_id": "oslo", "name": "Lag oslo"}],
        "coordinator": {
            "coordinator_id": COORDINATOR,
            "name": "Ingrid Bakke",
            "rule": "only_coordinator",
            "source": "chapter:oslo",
        },
        "availability": "active",
        "pause": None,
        "certification": {"expires_at": "2026-04-01T21:59:59.000Z", "state": "expiring", "enrolled_for": None},
        "reachable": {"email": True, "push": False, "in_app": False},
        "next": [
            {"kind": "cert_reminder", "due_at": "2026-03-18T08:00:00.000Z", "tier": 14},
            {"kind": "cert_reminder", "due_at": "2026-03-25T08:00:00.000Z", "tier": 7},
            {"kind": "cert_expired", "due_at": "2026-04-01T21:59:59.000Z", "tier": None},
        ],
    }
    assert paused["availability"] == "paused"
    assert paused["pause"].pop("id").startswith("pn_")
    assert paused["pause"] == {
        "effective_date": "2026-03-20T00:00:00.000Z",
        "expected_return_date": "2026-03-01T10:00:00.000Z",
        "is_overdue": True,
        "cause": "voluntary",
    }
    assert [each["chapter_id"] for each in paused["chapters"]] == ["bergen", "oslo"]
    assert paused["coordinator"]["rule"] == "lowest_chapter"
    assert (paused["certification"], paused["next"]) == (None, [])


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["m_both", MENTOR, "pm_662f9511", "pm_alone", "m_paused"]),
        ("q=åSE", ["m_paused"]),
        ("q=50%25", ["m_paused"]),
        ("q=662F", ["pm_662f9511"]),
        ("q=%25", ["m_paused"]),
        ("chapter_id=bergen", ["pm_662f9511", "m_paused"]),
        ("availability=active", [MENTOR, "pm_alone"]),
        ("availability=paused", ["m_paused"]),
        ("availability=lapsed", ["pm_662f9511"]),
        ("availability=paused_and_lapsed", ["m_both"]),
        ("without_coordinator=true", ["pm_alone"]),
        ("without_coordinator=false&chapter_id=oslo&availability=active", [MENTOR]),
        ("certification=expiring", [MENTOR]),
        ("certification=lapsed", ["m_both", "pm_662f9511"]),
        ("certification=enrolled", []),
    ],
)
def test_a_list_is_narrowed(listed: Callable[..., list[str]], query: str, found: list[str]) -> None:
    assert sorted(listed(query)) == sorted(found)


@pytest.mark.usefixtures("people")
def test_the_largest_tier_of_the_organisation_decides_what_is_expiring(
    listed: Callable[..., list[str]], settings: OrganisationsSettings
) -> None:
    for tiers, found in (((60, 31, 7), [MENTOR, "pm_alone"]), ((29,), []), ((), [])):
        settings.replace("nhf", Settings(certification_reminder_days=tiers), principal=NHF_ADMIN, versions=None)
        assert listed("certification=expiring") == found


@pytest.mark.usefixtures("people")
def test_everybody_sees_their_own_mentors_alone(
    client: FlaskClient, as_person: AsPerson, listed: Callable[..., list[str]]
) -> None:
    ingrid, foreign = as_person(COORDINATOR, "coordinator"), as_person("admin_lhl", "org_admin", "lhl")
    root = as_person("root", "global_admin", None)

    def statuses(headers: Headers) -> list[int]:
        ids = (MENTOR, "pm_662f9511", "mentor-042", COORDINATOR, "nobody")
        return [client.get(f"{PATH}/{id_}", headers=headers).status_code for id_ in ids]

    assert sorted(listed(headers=ingrid)) == ["m_both", MENTOR]
    assert listed(headers=foreign) == ["mentor-042"]
    assert len(listed(headers=root)) == 6
    assert statuses(ingrid) == [200, 404, 404, 404, 404]
    assert statuses(foreign) == [404, 404, 200, 404, 404]
    assert statuses(root) == [200, 200, 200, 404, 404]
    for role in ("peer_mentor", "admin"):
        assert client.get(PATH, headers=as_person(MENTOR, role)).status_code == 403
    assert client.get(PATH).status_code == 401


@pytest.mark.usefixtures("people")
def test_pages_follow_each_other(client: FlaskClient, org_admin: Headers) -> None:
    pages: list[dict[str, Any]] = [
        client.get(f"{PATH}?limit=2&page={number}", headers=org_admin).get_json() for number in (1, 2, 3, 4)
    ]

    assert [len(page["data"]) for page in pages] == [2, 2, 1, 0]
    assert {page["pagination"]["total"] for page in pages} == {5}
    assert len({each["mentor_id"] for page in pages for each in page["data"]}) == 5
    link = client.get(f"{PATH}?limit=2&page=2&q=m", headers=org_admin).headers["Link"]
    assert f'<{PATH}?q=m&page=3&limit=2>; rel="next"' in link


@pytest.mark.usefixtures("people")
def test_a_list_costs_the_same_statements_however_many_mentors_it_has(
    listed: Callable[..., list[str]], as_person: AsPerson
) -> None:
    ingrid, counts = as_person(COORDINATOR, "coordinator"), set()
    for number in (1, 2):
        with recorded_queries() as statements:
            assert len(listed("q=m_both" if number == 1 else "", headers=ingrid)) == number
        counts.add(len(statements))

    assert counts == {4}
