"""Members that only the service may set are refused by name, and nothing is sent."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from shared_lib_testing.postgres import Addresses, contents_of

from .announcing import BODIES

BASE = "/api/v1/pause-notifications"
NOT_ALLOWED: dict[str, Any] = {
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
@pytest.mark.parametrize("name", NOT_ALLOWED)
@pytest.mark.parametrize("notice", BODIES)
def test_a_member_that_only_the_service_may_set_is_refused(
    notice: str, name: str, client: FlaskClient, addresses: Addresses
) -> None:
    before = contents_of(addresses.everything)
    for value in (NOT_ALLOWED[name], None):
        body = {**BODIES[notice], name: value}
        answer = client.post(f"{BASE}/{notice}", json=body)
        assert answer.status_code == 422
        assert list(answer.json["errors"]) == [name]
    assert contents_of(addresses.everything) == before
