"""The audit log as administrators read it."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from shared_lib import audit
from shared_lib.audit.verification import verify_chains
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib_testing.links import followed

from ..conftest import Headers

pytestmark = pytest.mark.usefixtures("people")
AsPerson = Callable[..., Headers]
AUDIT = "/api/v1/audit"
BASE = "/api/v1/pause-notifications"


@pytest.mark.parametrize("address", [AUDIT, BASE + AUDIT, f"{AUDIT}/notification", f"{BASE}{AUDIT}/notification"])
def test_a_dispatch_is_there_for_its_organisation(client: FlaskClient, as_person: AsPerson, address: str) -> None:
    client.post(f"{BASE}/pause-lifted", json={"mentor_id": "mentor-042"})

    own = client.get(f"{address}?object=mentor-042", headers=as_person("admin-lhl", "org_admin")).json["data"]
    theirs = client.get(address, headers=as_person("admin-nhf", "org_admin", "nhf")).json["data"]

    (entry,) = own
    assert (entry["action"], entry["actor_id"].split(":")[0]) == ("dispatch_recorded", "anonymous")
    assert entry["details"] == {"subject_id": "mentor-042", "code": "pause_lifted"}
    assert theirs == []


def test_only_a_global_admin_sees_entries_without_an_organisation(
    client: FlaskClient, as_person: AsPerson, database: Database
) -> None:
    with database.begin(all_tenants("test")) as session:
        audit.record(
            session, action="outbox_discard", actor_id="operations", at=utc_now(), organisation_id=None, object_id="x"
        )

    seen = client.get(AUDIT, headers=as_person("root", "global_admin", None)).json["data"]

    assert [(entry["action"], entry["organisation_id"]) for entry in seen] == [("outbox_discard", None)]
    assert client.get(AUDIT, headers=as_person("admin-lhl", "org_admin")).json["data"] == []


def test_following_shows_each_entry_once_and_none_that_came_meanwhile(client: FlaskClient, as_person: AsPerson) -> None:
    def dispatch() -> None:
        client.post(f"{BASE}/pause-lifted", json={"mentor_id": "mentor-042"})

    for _ in range(5):
        dispatch()
    admin = as_person("admin-lhl", "org_admin")
    everything = client.get(AUDIT, headers=admin).json["data"]
    seen = []
    for answer in followed(client, f"{AUDIT}?limit=2", headers=admin):
        seen += answer.json["data"]
        dispatch()

    assert seen == everything


def test_it_needs_an_administrator_s_token_and_is_one_whole_chain(
    client: FlaskClient, as_person: AsPerson, database: Database
) -> None:
    client.post(f"{BASE}/pause-lifted", json={"mentor_id": "mentor-042"})

    assert client.get(AUDIT).status_code == 401
    assert client.get(AUDIT, headers=as_person("coordinator-007", "coordinator")).status_code == 403
    (check,) = verify_chains(database, {}, lambda *_: None)
    assert (check.chain, check.anchor.number, check.fault) == ("lhl", 1, None)
