"""Open lapses follow the mentor to a new coordinator; acknowledged and closed ones keep the old name."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from .asking import BASE, EXPIRY, LATER, Asking, Headers

AsPerson = Callable[..., Headers]


@pytest.fixture
def asking(client: FlaskClient, as_service: Headers) -> Asking:
    return Asking(client, as_service)


@pytest.fixture
def maya(as_person: AsPerson) -> Headers:
    return as_person("maya", "coordinator")


@pytest.fixture
def kim(as_person: AsPerson) -> Headers:
    return as_person("kim", "coordinator")


@pytest.fixture
def admin(as_person: AsPerson) -> Headers:
    return as_person("anne", "org_admin")


def test_the_successor_lists_and_acknowledges_and_the_former_coordinator_does_not(
    asking: Asking, maya: Headers, kim: Headers, admin: Headers
) -> None:
    notification = asking.open("maya")
    before = asking.listed(maya)[0]

    answer = asking.reassign(notification, "kim")

    assert (answer.status_code, answer.json) == (200, {"reassigned": True, "older": 0})
    assert asking.listed(maya) == []
    assert asking.listed(kim) == [{**before, "coordinator_id": "kim"}]
    assert [asking.acknowledge(notification, name, maya) for name in ("maya", "kim")] == [403, 403]
    assert asking.acknowledge(notification, "kim", kim) == 201
    details = asking.audited(admin, "action=reassigned")[0]["details"]
    assert (details["from"], details["to"]) == ("maya", "kim")


def test_a_repeated_or_older_move_changes_nothing(asking: Asking, kim: Headers, admin: Headers) -> None:
    notification = asking.open("maya")

    answers = [asking.reassign(notification, to, version).json for to, version in (("kim", 7), ("kim", 7), ("ola", 6))]

    assert [answer["reassigned"] for answer in answers] == [True, False, False]
    assert [answer["older"] for answer in answers] == [0, 0, 1]
    assert len(asking.listed(kim)) == len(asking.audited(admin, "action=reassigned")) == 1


def test_opening_again_after_a_move_does_not_bring_the_lapse_back(asking: Asking, maya: Headers, kim: Headers) -> None:
    notification = asking.open("maya")
    asking.reassign(notification, "kim")
    asking.open("maya", at=notification)

    assert (len(asking.listed(maya)), len(asking.listed(kim))) == (0, 1)


@pytest.mark.parametrize("end", ["acknowledged", "closed"])
def test_a_lapse_that_does_not_wait_keeps_the_old_name(asking: Asking, maya: Headers, kim: Headers, end: str) -> None:
    notification = asking.open("maya")
    if end == "closed":
        asking.certify(LATER)
    else:
        asking.acknowledge(notification, "maya", maya)

    assert asking.reassign(notification, "kim").json == {"reassigned": False, "older": 0}
    assert asking.state(notification)["coordinator_id"] == "maya"
    assert (len(asking.listed(maya)), len(asking.listed(kim))) == (1, 0)


@pytest.mark.parametrize("by", ["POST", "PUT"])
def test_an_admin_acknowledges_for_a_coordinator_who_has_left_and_the_audit_log_says_so(
    asking: Asking, maya: Headers, admin: Headers, as_person: AsPerson, by: str
) -> None:
    notification = asking.open("maya")
    lapse = asking.listed(admin)[0]
    assert asking.acknowledge(notification, "maya", admin) == 403

    assert asking.reassign(notification, None).json == {"reassigned": False, "older": 0}

    assert asking.listed(maya) == []
    assert asking.acknowledge(notification, "maya", maya) == 403
    assert asking.acknowledge(notification, "maya", as_person("root", "global_admin", None)) == 403
    if by == "POST":
        assert asking.acknowledge(notification, "maya", admin) == 201
    else:
        address = f"{BASE}/{lapse['acknowledgement_id']}"
        assert asking.client.put(address, json={"is_acknowledged": True}, headers=admin).status_code == 200
    entry = asking.audited(admin, "action=acknowledged")[0]
    assert (entry["actor_id"], entry["details"]["on_behalf_of"]) == ("anne", "maya")


def test_a_successor_is_found_later(asking: Asking, maya: Headers, kim: Headers) -> None:
    notification = asking.open("maya")
    asking.reassign(notification, None, 2)

    assert asking.reassign(notification, "kim", 3).json == {"reassigned": True, "older": 0}
    assert len(asking.listed(kim, "is_acknowledged=false")) == 1
    assert asking.acknowledge(notification, "kim", kim) == 201


def test_a_coordinator_who_comes_back_has_their_lapse_again(asking: Asking, maya: Headers) -> None:
    notification = asking.open("maya")
    asking.reassign(notification, None, 2)
    asking.reassign(notification, "maya", 3)

    assert asking.acknowledge(notification, "maya", maya) == 201


def test_what_is_not_there_answers_404(asking: Asking, client: FlaskClient, as_service: Headers) -> None:
    unknown = "b2c3d4e5-f6a7-8901-bcde-f12345678901"

    assert asking.reassign(unknown, "kim").status_code == 404
    assert client.get(f"/internal/v1/lapses/{unknown}", headers=as_service).status_code == 404


def test_a_lapse_that_was_deleted_is_not_opened_again(
    asking: Asking, client: FlaskClient, as_service: Headers, admin: Headers
) -> None:
    notification = asking.open("maya")
    (lapse,) = asking.listed(admin)
    assert client.delete(f"{BASE}/{lapse['acknowledgement_id']}", headers=admin).status_code == 200

    body = {"mentor_id": "james", "organisation_id": "lhl", "expiry_date": EXPIRY}
    again = client.put(f"/internal/v1/lapses/{notification}/maya", json=body, headers=as_service)

    assert again.status_code == 410
    assert asking.listed(admin) == []
    asking.open("maya")
    assert len(asking.listed(admin)) == 1
