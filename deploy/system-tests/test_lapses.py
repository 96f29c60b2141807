"""Lapses follow their mentors through all three services, and end with the certification."""

import pytest

from .asking import LAPSES, PAUSES, ask
from .people import OURS, address_of, import_lines
from .running import eventually

COLUMNS = ["record", "id", "organisation", "name", "email", "chapters", "active", "expires"]
FIRST, SECOND, THIRD = (f"st-follow-coordinator-{number}" for number in (1, 2, 3))
MOVES, RENEWED, RELEASED, LEAVES, ALONE = (
    f"st-follow-{what}" for what in ("moves", "renewed", "released", "leaves", "alone")
)


def coordinator(name):
    return ["coordinator", name, OURS, name, address_of(name), "", "", ""]


def assignment(name, chapter, active="true"):
    return ["assignment", name, OURS, "", "", chapter, active, ""]


def mentor(name, chapter, active="true"):
    return ["mentor", name, OURS, name, address_of(name), chapter, active, ""]


def certification(name, expires, active="true"):
    return ["certification", name, OURS, "", "", "", active, expires]


@pytest.fixture(scope="module")
def lapsed(stack, gateway):
    """Mentors of one chapter whose certification has ended, and one of a chapter without coordinator."""
    several = (MOVES, RENEWED, RELEASED, LEAVES)
    import_lines(
        stack,
        [
            COLUMNS,
            *(["chapter", chapter, OURS, chapter, "", "", "", ""] for chapter in ("st-follow", "st-follow-other")),
            *(coordinator(name) for name in (FIRST, SECOND, THIRD)),
            assignment(FIRST, "st-follow"),
            *(mentor(name, "st-follow") for name in several),
            mentor(ALONE, "st-follow-other"),
            *(certification(name, "2026-06-01") for name in (*several, ALONE)),
        ],
    )
    for name in (*several, ALONE):
        body = {"mentor_id": name, "expiry_date": "2026-06-01T00:00:00Z"}
        assert ask(gateway, "POST", f"{PAUSES}/cert-expiry", body=body).status == 201


def test_lapses_follow_the_coordinator_and_end_with_the_certification(stack, gateway, token, maildir, lapsed):
    def listed(name, query="state=open"):
        answer = ask(gateway, "GET", f"{LAPSES}?limit=100&{query}", token=token("coordinator", name))
        return {lapse["mentor_id"]: lapse for lapse in answer.document["data"]}

    eventually(lambda: len(listed(FIRST)) == 4)
    opened = listed(FIRST)
    import_lines(
        stack,
        [
            COLUMNS,
            assignment(SECOND, "st-follow"),
            assignment(THIRD, "st-follow-other"),
            certification(RENEWED, "2030-06-01"),
            certification(RELEASED, "", "false"),
            mentor(LEAVES, "st-follow", "false"),
        ],
    )

    eventually(lambda: set(listed(SECOND)) == {MOVES})
    moved = listed(SECOND)[MOVES]
    assert moved["notification_id"] == opened[MOVES]["notification_id"]
    eventually(lambda: not listed(FIRST))
    closed = {**listed(FIRST, "state=closed"), **listed(SECOND, "state=closed")}
    reasons = {name: lapse["closed_reason"] for name, lapse in closed.items()}
    assert reasons == {RENEWED: "renewed", RELEASED: "not_required", LEAVES: "mentor_left"}
    for name, status in ((FIRST, 403), (SECOND, 201)):
        body = {"notification_id": moved["notification_id"], "coordinator_id": name}
        assert ask(gateway, "POST", LAPSES, token=token("coordinator", name), body=body).status == status

    eventually(lambda: set(listed(THIRD)) == {ALONE})
    maildir.expect(address_of(THIRD))
