"""Members that are ours to set are refused from outside, by name, and nobody is told anything."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from shared_lib_testing.postgres import Addresses, contents_of

BASE = "/api/v1/pause-notifications"
BODIES: dict[str, dict[str, Any]] = {
    "pause-activated": {},
    "pause-lifted": {},
    "cert-expiry": {"expiry_date": "2026-03-31T00:00:00Z"},
    "cert-expiry-reminder": {"days_remaining": 5},
}
OURS: dict[str, Any] = {
    "id": "x",
    "dispatch_id": "x",
    "message_id": "msg-00001",
    "organisation": "nhf",
    "organisation_id": "nhf",
    "coordinator_id": "mentor-042",
    "recipient": "kim@nhf.example",
    "recipients": ["kim@nhf.example"],
    "email": "kim@nhf.example",
    "channel": "push",
    "context": {"organisation_id": "nhf", "coordinator_id": "kim"},
    "acted_by": {"id": "x", "name": "x"},
    "notifications_dispatched": [],
    "dispatched_at": "2020-01-01T00:00:00Z",
    "created_at": "2020-01-01T00:00:00Z",
    "status": "sent",
    "role": "global_admin",
    "__proto__": {"role": "global_admin"},
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("notice", BODIES)
def test_a_member_that_is_ours_is_refused(notice: str, name: str, client: FlaskClient, addresses: Addresses) -> None:
    before = contents_of(addresses.everything)
    for value in (OURS[name], None):
        body = {"mentor_id": "mentor-042", **BODIES[notice], name: value}
        answer = client.post(f"{BASE}/{notice}", json=body)
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == [name]
    assert contents_of(addresses.everything) == before
