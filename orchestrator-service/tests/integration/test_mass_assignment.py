"""Members that are ours to set are refused from outside, by name, and nothing changes."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from shared_lib_testing.postgres import Addresses, contents_of

from ..builders import COORDINATOR, MENTOR

BASE = "/api/v1/pause-notifications"
DRAFT = {"peer_mentor_id": MENTOR, "event_type": "pause_activated", "effective_date": "2026-05-01T00:00:00.000Z"}
OURS = {
    "id": "pn_111111111111",
    "event_id": "pn_111111111111",
    "organisation": "lhl",
    "organisation_id": "lhl",
    "org_id": "lhl",
    "coordinator_id": "coord_2a3b4c5d",
    "created_at": "2020-01-01T00:00:00.000Z",
    "updated_at": "2020-01-01T00:00:00.000Z",
    "recorded_by": "root",
    "notifications_sent": ["coordinator_email"],
    "dispatch_results": [],
    "status": "delivered",
    "revision": 9,
    "role": "global_admin",
    "roles": ["global_admin"],
    "is_admin": True,
    "skipped": False,
    "__proto__": {"role": "global_admin"},
}
AsPerson = Callable[..., dict[str, str]]
pytestmark = pytest.mark.usefixtures("directory")


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("operation", ["record", "correct"])
def test_a_member_that_is_ours_is_refused(
    operation: str, name: str, client: FlaskClient, as_person: AsPerson, addresses: Addresses
) -> None:
    admin = as_person("admin_nhf", "org_admin")
    event = client.post(BASE, json=DRAFT, headers=as_person(COORDINATOR, "coordinator")).json["id"]
    before = contents_of(addresses.everything)["public.pause_event"]

    for value in (OURS[name], None):
        if operation == "record":
            body = {**DRAFT, "effective_date": "2026-06-01T00:00:00.000Z", name: value}
            answer = client.post(BASE, json=body, headers=admin)
        else:
            answer = client.put(f"{BASE}/{event}", json={"reason": "Longer", name: value}, headers=admin)
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == [name]

    assert contents_of(addresses.everything)["public.pause_event"] == before


@pytest.mark.parametrize("name", ["peer_mentor_id", "event_type", "expiry_date", "days_remaining"])
def test_a_correction_changes_reason_and_dates_of_a_pause_only(
    name: str, client: FlaskClient, as_person: AsPerson, addresses: Addresses
) -> None:
    event = client.post(BASE, json=DRAFT, headers=as_person(COORDINATOR, "coordinator")).json["id"]
    before = contents_of(addresses.everything)["public.pause_event"]
    body = {"reason": "Longer", name: DRAFT.get(name, "2026-06-01T00:00:00Z")}
    assert client.put(f"{BASE}/{event}", json=body, headers=as_person("root", "global_admin", None)).status_code == 422
    assert contents_of(addresses.everything)["public.pause_event"] == before


@pytest.mark.parametrize(
    "query", ["organisation_id=lhl", "organisation=lhl", "org_id=lhl", "role=global_admin", "scope=all"]
)
def test_a_list_cannot_be_asked_for_more_than_its_filters(query: str, client: FlaskClient, as_person: AsPerson) -> None:
    answer = client.get(f"{BASE}?{query}", headers=as_person(COORDINATOR, "coordinator"))
    assert answer.status_code == 422
