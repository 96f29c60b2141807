"""Every request of the contract, on both path forms, through the gateway and directly: keys, order, types, formats."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from .asking import LAPSES, PAUSES, ask
from .people import COORDINATOR, MENTORS
from .running import eventually
from .shapes import differences

EXAMPLES = json.loads((Path(__file__).parent / "examples.json").read_text())
ALLOWED = {"GET": {200}, "POST": {200, 201}, "PUT": {200}, "DELETE": {200}}
SAMPLE = ("org_admin", "someone", "nhf")
_mentors = iter(MENTORS[32:50])
_days = count()


def name_of(example):
    return f"{example['service']} {example['method']} {example['path'].removeprefix(example['base_path']) or '/'}"


@pytest.fixture(params=["gateway", "directly"])
def base_url(request, stack):
    """The address at which a service is asked."""
    description = stack.description
    return lambda service: description["gateway" if request.param == "gateway" else service]


@pytest.fixture(params=["single", "doubled"])
def path_of(request):
    return lambda example: example["path" if request.param == "single" else "documented_path"]


@pytest.fixture
def event_id(gateway, token):
    """A pause event that no other test uses, and whose recipients have been notified."""
    caller = token("coordinator", COORDINATOR)
    body = {**EXAMPLES[2]["request"], "peer_mentor_id": next(_mentors)}
    answer = ask(gateway, "POST", PAUSES, token=caller, body=body)
    assert answer.status == 201, answer.content
    address = f"{PAUSES}/{answer.document['id']}"
    eventually(lambda: len(ask(gateway, "GET", address, token=caller).document["notifications_sent"]) == 2)
    return answer.document["id"]


@pytest.fixture
def lapse_id(gateway, token):
    """A lapse that no other test uses. Without a token there would soon be too many about one mentor."""
    moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=next(_days))
    expiry = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    body = {"mentor_id": "mentor_james_okafor", "expiry_date": expiry}
    answer = ask(gateway, "POST", f"{PAUSES}/cert-expiry", token=token("global_admin", "someone", None), body=body)
    assert answer.status == 201, answer.content

    def opened():
        listed = ask(gateway, "GET", f"{LAPSES}?coordinator_id=coord_maya_patel&limit=100").document["data"]
        return next((lapse["acknowledgement_id"] for lapse in listed if lapse["expiry_date"] == expiry), None)

    return eventually(opened)


@pytest.fixture
def filled_in(request, path_of):
    """The path of an example with its `:parameters` filled in."""

    def fill(example):
        path = path_of(example).replace(":peerMentorId", "pm_551e8400")
        if ":id" in path:
            path = path.replace(":id", request.getfixturevalue("event_id"))
        if ":acknowledgement_id" in path:
            path = path.replace(":acknowledgement_id", request.getfixturevalue("lapse_id"))
        return path

    return fill


def body_of(example):
    """As documented; but a lapse opened just now cannot have been acknowledged in March."""
    body = example.get("request")
    if body and "acknowledged_at" in body:
        moment = datetime.now(UTC) + timedelta(seconds=2)
        return {**body, "acknowledged_at": moment.isoformat(timespec="seconds").replace("+00:00", "Z")}
    return body


def caller_of(example, path, token):
    """A caller who may do it: of the sample people, or of our own."""
    role, ours = example["auth"][0], "/pn_" in path
    if role == "global_admin":
        return token(role, "someone", None)
    if role == "org_admin":
        return token(role, "someone") if ours else token(*SAMPLE)
    return token(role, COORDINATOR) if ours else token(role, "coord_9f8e7d6c", "nhf")


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_an_example_is_answered_as_documented(example, base_url, filled_in, token):
    path = filled_in(example)
    caller = None if example["auth"] == "public" else caller_of(example, path, token)

    answer = ask(base_url(example["service"]), example["method"], path, token=caller, body=body_of(example))

    assert answer.status in ALLOWED[example["method"]], answer.content
    assert answer.headers.get_content_type() == "application/json"
    assert differences(answer.document, example["response"]) == []


def test_the_contract_s_own_lapse_can_be_acknowledged_and_noted_word_for_word(gateway):
    posted, put = (one for one in EXAMPLES if one["service"] == "acknowledgement" and "request" in one)
    address = f"{LAPSES}/{posted['response']['acknowledgement_id']}"

    acknowledged = ask(gateway, "POST", LAPSES, body=posted["request"])
    assert acknowledged.status in {200, 201}
    noted = ask(gateway, "PUT", address, body=put["request"])

    assert noted.status == 200, noted.content
    for name in ("acknowledgement_id", "notification_id", "mentor_id", "coordinator_id", "expiry_date", "created_at"):
        assert noted.document[name] == put["response"][name]
    assert noted.document["coordinator_notes"] == put["request"]["coordinator_notes"]


def test_the_responsible_coordinator_is_the_documented_one(gateway, token):
    example = next(one for one in EXAMPLES if "resolve-coordinator" in one["path"])

    answer = ask(gateway, "GET", f"{PAUSES}/resolve-coordinator/pm_551e8400", token=token(*SAMPLE))

    assert answer.document == example["response"]


@pytest.mark.parametrize("service", ["orchestrator", "notification", "acknowledgement"])
def test_a_service_describes_itself_and_its_page_needs_no_stranger(service, stack):
    address = stack.description[service]
    described = ask(address, "GET", "/openapi.json").document
    page = ask(address, "GET", "/docs")
    if page.status in {301, 302, 307, 308}:
        page = ask(address, "GET", page.headers["Location"])

    assert described["openapi"].startswith("3.1")
    assert len(described["servers"]) == 2
    documented = {(one["path"], one["method"].lower()) for one in EXAMPLES if one["service"] == service}
    operations = {(path, method) for path, item in described["paths"].items() for method in item}
    assert len(documented) <= len({operation for operation in operations if operation[1] != "parameters"})
    assert page.status == 200
    assert b"https://" not in page.content
    assert b"//cdn" not in page.content
