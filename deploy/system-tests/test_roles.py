"""What each role may do at the orchestrator, and that no caller learns about other people's objects."""

import pytest

from .asking import PAUSES, ask, assert_problem
from .people import COLLEAGUE, COORDINATOR, MENTORS, OURS, THEIR_MENTOR

MENTOR = MENTORS[0]
ROLES = ("coordinator", "org_admin", "global_admin")
OPERATIONS = {
    "list": ("GET", PAUSES, ROLES),
    "detail": ("GET", PAUSES + "/{event}", ROLES),
    "record": ("POST", PAUSES, ("coordinator", "org_admin")),
    "correct": ("PUT", PAUSES + "/{event}", ("org_admin", "global_admin")),
    "remove": ("DELETE", PAUSES + "/{event}", ("global_admin",)),
    "resolve": ("GET", PAUSES + "/resolve-coordinator/" + MENTOR, ROLES),
}
SUBJECTS = {"coordinator": (COORDINATOR, OURS), "org_admin": ("st-admin", OURS), "global_admin": ("root", None)}


def a_draft(mentor=MENTOR, **changes):
    moment = "2026-05-01T00:00:00.000Z"
    return {"peer_mentor_id": mentor, "event_type": "pause_activated", "effective_date": moment, **changes}


@pytest.fixture
def event(gateway, token):
    answer = ask(gateway, "POST", PAUSES, token=token("coordinator", COORDINATOR), body=a_draft())
    assert answer.status in {200, 201}
    return answer.document["id"]


@pytest.fixture
def their_event(gateway, token):
    answer = ask(gateway, "POST", PAUSES, token=token("coordinator", COLLEAGUE), body=a_draft(THEIR_MENTOR))
    assert answer.status in {200, 201}
    return answer.document["id"]


@pytest.mark.parametrize("role", [None, "peer_mentor", *ROLES])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_role_matrix_is_exact(operation, role, gateway, token, event):
    method, path, allowed = OPERATIONS[operation]
    body = {"POST": a_draft(), "PUT": {"reason": "Longer"}}.get(method)
    caller = token(role, *SUBJECTS.get(role, ("someone", OURS))) if role else None

    answer = ask(gateway, method, path.format(event=event), token=caller, body=body)

    if role is None:
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    elif role in allowed:
        assert answer.status in {200, 201}, answer.content
    else:
        assert_problem(answer, 403)


@pytest.mark.parametrize("role", ROLES)
def test_a_missing_right_wins_over_a_wrong_body_and_an_unknown_id(role, gateway, token):
    unknown = f"{PAUSES}/pn_000000000000"
    caller = token(role, *SUBJECTS[role])
    for method, address in (("POST", PAUSES), ("PUT", unknown), ("DELETE", unknown)):
        allowed = next(roles for verb, _, roles in OPERATIONS.values() if verb == method)
        expected = 403 if role not in allowed else 422 if method == "POST" else 404
        assert_problem(
            ask(gateway, method, address, token=caller, body={} if method == "POST" else {"reason": "x"}), expected
        )


def facts_of(answer):
    """The parts of a problem document that could distinguish two of them."""
    return {name: value for name, value in answer.document.items() if name not in {"instance", "request_id"}}


@pytest.mark.parametrize("operation", ["detail", "correct", "remove"])
def test_what_is_foreign_answers_like_what_does_not_exist(operation, gateway, token, their_event):
    method, path, _ = OPERATIONS[operation]
    body = {"reason": "x"} if method == "PUT" else None
    colleague, stranger = token("coordinator", COORDINATOR), token("org_admin", "x", "nhf")
    for caller in (colleague, stranger, token("coordinator", COLLEAGUE, "nhf")):
        foreign = ask(gateway, method, path.format(event=their_event), token=caller, body=body)
        unknown = ask(gateway, method, path.format(event="pn_000000000000"), token=caller, body=body)
        assert_problem(foreign, 403, 404)
        assert facts_of(foreign) == facts_of(unknown)

    assert ask(gateway, "GET", f"{PAUSES}/{their_event}", token=token("coordinator", COLLEAGUE)).status == 200


def test_a_coordinator_reaches_only_their_own_mentors(gateway, token, event, their_event):
    ours, theirs = token("coordinator", COORDINATOR), token("coordinator", COLLEAGUE)

    assert_problem(ask(gateway, "POST", PAUSES, token=ours, body=a_draft(THEIR_MENTOR)), 404)
    assert_problem(ask(gateway, "GET", f"{PAUSES}/resolve-coordinator/{THEIR_MENTOR}", token=ours), 404)
    assert_problem(
        ask(gateway, "GET", f"{PAUSES}/resolve-coordinator/{MENTOR}", token=token("org_admin", "x", "nhf")), 404
    )
    for caller, own in ((ours, COORDINATOR), (theirs, COLLEAGUE)):
        listed = ask(gateway, "GET", f"{PAUSES}?limit=100", token=caller).document
        assert {row["coordinator_id"] for row in listed["data"]} == {own}
        assert listed["pagination"]["total"] == len(listed["data"])


def test_an_organisation_sees_its_own_and_the_global_admin_sees_all(gateway, token, event, their_event):
    ours = ask(gateway, "GET", f"{PAUSES}?limit=100", token=token("org_admin", "st-admin")).document
    empty = ask(gateway, "GET", f"{PAUSES}?limit=100", token=token("org_admin", "x", "no-such-organisation")).document
    everything = ask(gateway, "GET", f"{PAUSES}?limit=100", token=token("global_admin", "root", None)).document

    assert {event, their_event} <= {row["id"] for row in ours["data"]}
    assert empty == {"data": [], "pagination": {"page": 1, "limit": 100, "total": 0}}
    assert everything["pagination"]["total"] >= ours["pagination"]["total"]


def test_the_internal_operations_are_for_services_only(gateway, stack, token):
    for service in ("notification", "acknowledgement"):
        path = "/internal/v1/contacts" if service == "notification" else "/internal/v1/lapses/x/y"
        assert_problem(ask(gateway, "PUT", path, body={}), 404)
        assert_problem(ask(stack.description[service], "PUT", path, body={}), 401, 404)
        for role in ROLES:
            caller = token(role, "x", OURS)
            assert_problem(ask(stack.description[service], "PUT", path, body={}, token=caller), 401, 403, 404)
