"""The audit log as administrators read it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from orchestrator_service.__main__ import main
from shared_lib.audit import ENTRIES
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.pagination import Cursor
from shared_lib.web.pagination import encode_cursor
from shared_lib_testing.links import followed, link_of
from shared_lib_testing.postgres import Addresses
from shared_lib_testing.queries import recorded_queries
from sqlalchemy import insert, text

from ..builders import COORDINATOR, DAY, EFFECTIVE, MENTOR
from ..conftest import Headers
from ..fakes import MovableClock

pytestmark = pytest.mark.usefixtures("directory")
AUDIT = "/api/v1/audit"
PAUSES = "/api/v1/pause-notifications"
AsPerson = Callable[..., Headers]
MEMBERS = ["id", "at", "actor_id", "action", "object_id", "organisation_id", "details"]


@pytest.fixture
def admin(as_person: AsPerson) -> Headers:
    return as_person("admin_nhf", "org_admin")


@pytest.fixture
def root(as_person: AsPerson) -> Headers:
    return as_person("root", "global_admin", None)


@pytest.fixture
def removed_event(client: FlaskClient, as_person: AsPerson, root: Headers, clock: MovableClock) -> str:
    """Recorded by Ingrid with a reason, corrected by the admin a second later, removed by the global admin."""
    draft = {"peer_mentor_id": MENTOR, "event_type": "pause_activated", "effective_date": "2026-03-20T00:00:00Z"}
    ingrid = as_person(COORDINATOR, "coordinator")
    event: str = client.post(PAUSES, json={**draft, "reason": "Spinal surgery"}, headers=ingrid).json["id"]
    clock.now += timedelta(seconds=1)
    admin = as_person("admin_nhf", "org_admin")
    assert client.put(f"{PAUSES}/{event}", json={"reason": "A sore back"}, headers=admin).status_code == 200
    assert client.delete(f"{PAUSES}/{event}", headers=root).status_code == 200
    return event


@pytest.mark.parametrize("address", [AUDIT, PAUSES + AUDIT])
def test_what_became_of_an_event_is_there_also_after_its_removal_and_without_its_reason(
    client: FlaskClient, admin: Headers, removed_event: str, address: str
) -> None:
    answer = client.get(f"{address}?object={removed_event}", headers=admin)

    assert answer.status_code == 200
    entries = answer.json["data"]
    assert [list(entry) for entry in entries] == [MEMBERS] * 3
    assert [(entry["action"], entry["actor_id"]) for entry in entries] == [
        ("event_removed", "root"),
        ("event_corrected", "admin_nhf"),
        ("event_recorded", COORDINATOR),
    ]
    assert {entry["object_id"] for entry in entries} == {removed_event}
    assert entries[1]["details"]["fields"] == ["reason"]
    assert answer.json["pagination"] == {"page": 1, "limit": 50, "has_more": False}
    assert "pinal" not in answer.text
    assert "sore" not in answer.text


def test_each_filter_narrows(client: FlaskClient, root: Headers, removed_event: str) -> None:
    def actions(query: str) -> list[str]:
        return [entry["action"] for entry in client.get(f"{AUDIT}?{query}", headers=root).json["data"]]

    everything = client.get(AUDIT, headers=root).json["data"]
    moment = next(entry["at"] for entry in everything if entry["action"] == "event_corrected")
    assert actions("actor=root") == ["event_removed"]
    assert actions("action=event_recorded") == ["event_recorded"]
    assert actions(f"object={MENTOR}") == ["event_removed", "event_corrected", "event_recorded"]
    assert "directory_imported" in actions(f"to={moment}")
    assert "event_corrected" in actions(f"from={moment}")
    assert actions("from=2099-01-01T00:00:00Z") == []
    assert actions("actor=nobody") == []


def test_administrators_alone_read_it_each_within_their_scope(
    client: FlaskClient, as_person: AsPerson, removed_event: str
) -> None:
    theirs = client.get(AUDIT, headers=as_person("admin_lhl", "org_admin", "lhl"))
    both = client.get(AUDIT, headers=as_person("x", ["org_admin", "global_admin"], "lhl"))

    assert client.get(AUDIT).status_code == 401
    assert client.get(AUDIT, headers=as_person(COORDINATOR, "coordinator")).status_code == 403
    assert client.get(f"{AUDIT}?limit=0", headers=as_person("x", "org_admin", None)).status_code == 403
    assert theirs.json["data"] == []
    assert removed_event in both.text


@pytest.mark.parametrize(
    "query",
    [
        *("limit=201", "limit=0", "limit=ten", "page=0", "page=1001", "from=yesterday", "colour=red", "actor="),
        *("actor=a%00b", "from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "action=" + "x" * 65),
        *("after=x", f"before={encode_cursor(Cursor(EFFECTIVE, 'pn_8a1b2c3d4e5f'))}"),
        f"after={encode_cursor(Cursor(EFFECTIVE, 1))}&before={encode_cursor(Cursor(EFFECTIVE, 1))}",
    ],
)
def test_nonsense_is_refused(client: FlaskClient, admin: Headers, query: str) -> None:
    assert client.get(f"{AUDIT}?{query}", headers=admin).status_code == 422


def test_pages_follow_each_other_and_are_not_counted(client: FlaskClient, admin: Headers, database: Database) -> None:
    act = {"organisation_id": "nhf", "actor_id": "x", "action": "a", "details": {}}
    with database.begin(all_tenants("test")) as session:
        session.execute(insert(ENTRIES), [{**act, "at": utc_now(), "object_id": str(number)} for number in range(120)])

    first = client.get(AUDIT, headers=admin)
    last = client.get(f"{AUDIT}?page=3", headers=admin)
    wide = client.get(f"{AUDIT}?limit=200", headers=admin)

    assert (len(first.json["data"]), len(last.json["data"]), len(wide.json["data"])) == (50, 20, 120)
    assert first.json["pagination"] == {"page": 1, "limit": 50, "has_more": True}
    assert last.json["pagination"] == {"page": 3, "limit": 50, "has_more": False}
    assert (link_of(first, "next") or "").startswith(f"{AUDIT}?page=2&limit=50&after=")
    assert link_of(last, "next") is None
    ids = [entry["id"] for entry in wide.json["data"]]
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("query", ["", "&action=a", "&actor=x", "&object=o", "&from=2020-01-01T00:00:00Z"])
def test_following_shows_each_entry_once_and_none_that_came_meanwhile(
    client: FlaskClient, admin: Headers, database: Database, query: str
) -> None:
    """Three entries of each moment, so that pages of two end within one."""

    def note(*numbers: int, organisation: str = "nhf") -> None:
        act = {"organisation_id": organisation, "actor_id": "x", "action": "a", "details": {}}
        with database.begin(all_tenants("test")) as session:
            rows = [{**act, "at": EFFECTIVE + number // 3 * DAY, "object_id": "o"} for number in numbers]
            session.execute(insert(ENTRIES), rows)

    note(*range(9))
    note(*range(9), organisation="lhl")
    forth = []
    for answer in followed(client, f"{AUDIT}?limit=2&to=2027-01-01T00:00:00Z{query}", headers=admin):
        forth.append([entry["id"] for entry in answer.json["data"]])
        note(*range(9, 14))
    back = list(followed(client, link_of(answer, "prev") or "", "prev", headers=admin))

    assert [len(ids) for ids in forth] == [2, 2, 2, 2, 1]
    assert [[entry["id"] for entry in answer.json["data"]] for answer in back[:3]] == forth[3:0:-1]
    assert [entry for ids in forth for entry in ids] == sorted({entry for ids in forth for entry in ids}, reverse=True)
    assert {entry["organisation_id"] for answer in back for entry in answer.json["data"]} == {"nhf"}


def test_an_entry_of_another_organisation_is_no_way_in(
    client: FlaskClient, admin: Headers, root: Headers, removed_event: str
) -> None:
    operations = client.get(f"{AUDIT}?action=directory_imported", headers=root).json["data"][0]
    cursor = encode_cursor(Cursor(datetime.fromisoformat(operations["at"]), operations["id"]))

    for query in (f"after={cursor}", f"before={cursor}"):
        found = client.get(f"{AUDIT}?{query}", headers=admin)
        assert found.status_code == 200
        assert {entry["organisation_id"] for entry in found.json["data"]} <= {"nhf"}


def test_a_page_costs_one_statement(
    client: FlaskClient, admin: Headers, database: Database, app: object, removed_event: str
) -> None:
    with recorded_queries() as statements:
        client.get(AUDIT, headers=admin)

    assert len([statement for statement in statements if "audit_entry" in statement.text]) == 1
    assert not [statement for statement in statements if "count(" in statement.text]


def test_the_whole_log_is_verified(
    addresses: Addresses,
    environ: dict[str, str],
    removed_event: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["audit", "verify"], environ) == 0
    assert "nhf: 3 entries, whole" in capsys.readouterr().out

    owned = Database.open(addresses.owner, pool_size=1)
    with owned.begin(all_tenants("test")) as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM audit_entry WHERE action = 'event_removed'"))
    owned.close()

    assert main(["audit", "verify"], environ) == 1
    assert "nhf: BROKEN: link 3: entry" in capsys.readouterr().out
