"""News about a certification closes lapses, and opens again what a renewal closed that is taken back."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from .asking import BASE, EXPIRY, LATER, Asking, Headers

AsPerson = Callable[..., Headers]
SAME_DAY = "2026-04-01T21:59:59Z"
NOTHING = {"closed": 0, "reopened": 0, "withdrawn": 0, "older": 0}


@pytest.fixture
def asking(client: FlaskClient, as_service: Headers) -> Asking:
    return Asking(client, as_service)


@pytest.fixture
def maya(as_person: AsPerson) -> Headers:
    return as_person("maya", "coordinator")


@pytest.mark.parametrize(
    ("until", "reason"), [(LATER, "renewed"), (None, "not_required"), (None, "mentor_left"), (None, "erased")]
)
def test_each_reason_closes_what_waits_and_the_audit_log_says_why(
    asking: Asking, maya: Headers, as_person: AsPerson, until: str | None, reason: str
) -> None:
    asking.open()
    before = asking.listed(maya)[0]
    asking.open(mentor="kari")

    assert asking.certify(until, reason) == {**NOTHING, "closed": 1}

    (lapse,) = asking.listed(maya, "state=closed")
    assert list(lapse) == [*before, "closed_at", "closed_reason"]
    assert (lapse["closed_reason"], lapse["is_acknowledged"], lapse["acknowledged_at"]) == (reason, False, None)
    assert [other["mentor_id"] for other in asking.listed(maya, "is_acknowledged=false")] == ["kari"]
    entry = asking.audited(as_person("anne", "org_admin"), "action=closed")[0]
    assert (entry["actor_id"], entry["details"]["reason"]) == ("notification-service", reason)


@pytest.mark.parametrize("until", [EXPIRY, SAME_DAY, "2026-03-01T00:00:00Z"])
def test_a_certificate_that_still_ends_on_that_day_or_before_closes_nothing(asking: Asking, until: str) -> None:
    notification = asking.open()

    assert asking.certify(until) == NOTHING
    assert asking.state(notification)["state"] == "open"


def test_the_news_counts_once_and_older_news_never(asking: Asking, maya: Headers) -> None:
    asking.open()

    assert asking.certify(LATER, version=7) == {**NOTHING, "closed": 1}
    assert asking.certify(LATER, version=7) == NOTHING
    assert asking.certify(EXPIRY, version=6) == {**NOTHING, "older": 1}
    assert len(asking.listed(maya, "state=closed")) == 1


def test_newer_news_also_counts_where_the_older_was_not_heard(asking: Asking) -> None:
    asking.certify(EXPIRY, version=9)
    notification = asking.open()

    assert asking.certify(LATER, version=8) == {**NOTHING, "older": 1}
    assert asking.state(notification)["state"] == "open"


@pytest.mark.parametrize("before", ["open", "acknowledged"])
def test_a_renewal_that_is_taken_back_gives_the_state_before(asking: Asking, maya: Headers, before: str) -> None:
    notification = asking.open()
    if before == "acknowledged":
        asking.acknowledge(notification, "maya", maya)
    known = asking.listed(maya)

    assert asking.certify(LATER, version=1)["closed"] == 1
    assert asking.state(notification)["acknowledged_at"] == known[0]["acknowledged_at"]
    assert asking.certify(SAME_DAY, version=2) == {**NOTHING, "reopened": 1}
    assert asking.listed(maya, f"state={before}") == known


def test_a_mentor_who_comes_back_has_no_old_lapse(asking: Asking) -> None:
    notification = asking.open()
    asking.certify(None, "mentor_left", version=1)

    assert asking.certify(EXPIRY, version=2) == NOTHING
    assert asking.state(notification)["state"] == "closed"


def test_an_acknowledgement_of_a_closed_lapse_is_recorded_and_it_stays_closed(
    asking: Asking, maya: Headers, as_person: AsPerson
) -> None:
    notification = asking.open()
    asking.certify(LATER)

    assert [asking.acknowledge(notification, "maya", maya) for _ in range(2)] == [201, 200]
    assert asking.state(notification)["state"] == "closed"
    assert len(asking.audited(as_person("anne", "org_admin"), "action=acknowledged")) == 1
    assert len(asking.listed(maya, "state=closed&is_acknowledged=true")) == 1


def test_each_lapse_is_in_the_list_of_its_state_alone(
    asking: Asking, maya: Headers, client: FlaskClient, as_person: AsPerson
) -> None:
    asking.open(mentor="open")
    asking.acknowledge(asking.open(mentor="acknowledged"), "maya", maya)
    asking.open(mentor="closed")
    asking.certify(LATER, mentor="closed")

    for headers in (maya, as_person("anne", "org_admin"), {}):
        for state in ("open", "acknowledged", "closed"):
            assert [lapse["mentor_id"] for lapse in asking.listed(headers, f"state={state}")] == [state]
    assert client.get(f"{BASE}?state=gone", headers=maya).status_code == 422
    assert [lapse["mentor_id"] for lapse in asking.listed(maya, "is_acknowledged=false")] == ["open"]
