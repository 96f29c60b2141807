"""Whatever a client sends is refused with a problem document or harmless, and the lists still answer afterwards."""

import json

import pytest

from .asking import LAPSES, PAUSES, ask, assert_problem
from .people import COORDINATOR, MENTORS, address_of

MENTOR = MENTORS[30]
DEEP = b'{"mentor_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
LONG_NUMBER = b"9" * 5000
HUGE = b" " * (20 * 1024 * 1024)

# Operations with a body: service, method, path, a valid body, the role of the caller.
OPERATIONS = {
    "event": ("orchestrator", "POST", PAUSES, {"peer_mentor_id": MENTOR, "event_type": "pause_activated"}),
    "notice": ("notification", "POST", f"{PAUSES}/cert-expiry-reminder", {"mentor_id": MENTOR, "days_remaining": 20}),
    "acknowledgement": (
        "acknowledgement",
        "POST",
        LAPSES,
        {"notification_id": "b2c3d4e5-f6a7-8901-bcde-f12345678901", "coordinator_id": "coord_maya_patel"},
    ),
}
LISTS = (("orchestrator", PAUSES), ("acknowledgement", LAPSES))


@pytest.fixture(params=OPERATIONS)
def knock(request, stack, token):
    """Send a raw body, or a valid one with changes, through the gateway and directly; answers both answers."""
    service, method, path, valid = OPERATIONS[request.param]
    valid = {**valid, "effective_date": "2026-07-01T00:00:00.000Z"} if service == "orchestrator" else valid
    caller = token("coordinator", COORDINATOR) if service == "orchestrator" else None

    def send(body=None, *, headers=(), **changes):
        content = json.dumps({**valid, **changes}).encode() if body is None else body
        addresses = [stack.description["gateway"], stack.description[service]]
        return [ask(address, method, path, token=caller, body=content, headers=headers) for address in addresses]

    send.valid = valid
    return send


@pytest.fixture(autouse=True)
def _lists_answer_afterwards(stack, token):
    yield
    for service, path in LISTS:
        answer = ask(stack.description[service], "GET", f"{path}?limit=100", token=token("global_admin", "root", None))
        assert answer.status == 200, answer.content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe{}",
        b"null",
        b"[]",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": ' + LONG_NUMBER + b"}",
        DEEP[:60000],
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"mentor_id": "a", "mentor_id": "b"}',
        b'{"peer_mentor_id": "a", "peer_mentor_id": "a"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_strict_json_is_refused(knock, body):
    for answer in knock(body):
        assert_problem(answer, 400, 422)


def test_deep_and_huge_bodies_are_too_large(knock):
    for answer in [*knock(DEEP), *knock(HUGE)]:
        assert_problem(answer, 413)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""],
)
def test_only_json_is_taken(knock, content_type):
    for answer in knock(headers={"Content-Type": content_type}):
        assert_problem(answer, 415)


def test_json_in_another_charset_or_coding_is_not_taken(knock):
    for headers in ({"Content-Type": "application/json; charset=utf-16"}, {"Content-Encoding": "gzip"}):
        for answer in knock(headers=headers):
            assert_problem(answer, 415)


@pytest.mark.parametrize(
    "value", [0, 1.5, True, None, [], {}, "", "x" * 10_000, "a\x00b", "a\nb", " ", "../x", "æ" * 65]
)
def test_an_id_must_be_one(knock, value):
    name = next(iter(knock.valid))
    for answer in knock(**{name: value}):
        assert_problem(answer, 400, 422)


def test_unknown_fields_are_refused_and_named(knock):
    for name in ("id", "organisation_id", "is_admin", "created_at", "status", "__proto__"):
        for answer in knock(**{name: "x"}):
            assert_problem(answer, 422)
            assert name in answer.document["errors"]


@pytest.mark.parametrize(
    "moment",
    [
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "2026-03-20T00:00:00",
        "2026-03-20",
        "2026-02-30T00:00:00Z",
        "2026-03-20T25:00:00Z",
        "2026-03-20T00:00:00+99:00",
        "now",
        "",
        1774000000,
        None,
        ["2026-03-20T00:00:00Z"],
    ],
)
@pytest.mark.parametrize("operation", ["event", "expiry", "pause"])
def test_a_time_must_be_one_with_an_offset_in_this_century(operation, moment, gateway, token):
    path, body = {
        "event": (PAUSES, {"peer_mentor_id": MENTOR, "event_type": "pause_activated", "effective_date": moment}),
        "expiry": (f"{PAUSES}/cert-expiry", {"mentor_id": MENTOR, "expiry_date": moment}),
        "pause": (f"{PAUSES}/pause-activated", {"mentor_id": MENTOR, "expected_return_date": moment or "x"}),
    }[operation]
    assert_problem(ask(gateway, "POST", path, token=token("coordinator", COORDINATOR), body=body), 422)


@pytest.mark.parametrize("days", [-1, -0.5, 3651, 3651.0, 1e300, 14.5, "14", True, None, 10**18])
def test_days_remaining_is_a_whole_number_in_its_range(days, gateway):
    answer = ask(gateway, "POST", f"{PAUSES}/cert-expiry-reminder", body={"mentor_id": MENTOR, "days_remaining": days})
    assert_problem(answer, 422)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=10001",
        "page=1.0",
        "page=x",
        "page=",
        "page=%00",
        "page=" + "9" * 4000,
        "limit=0",
        "limit=101",
        "limit=1000000000",
        "limit=NaN",
        "page=1&page=2",
        "no_such_filter=1",
        "coordinator_id=%00",
        "coordinator_id=%ff",
        "coordinator_id=" + "x" * 2000,
    ],
)
@pytest.mark.parametrize(("service", "path"), LISTS)
def test_a_page_must_be_one(query, service, path, stack, token):
    for address in (stack.description["gateway"], stack.description[service]):
        answer = ask(address, "GET", f"{path}?{query}", token=token("global_admin", "root", None))
        if answer.status != 200 or not query.startswith("page=1&page=2"):
            assert_problem(answer, 400, 422)


@pytest.mark.parametrize(
    "tail",
    [
        "/%00",
        "/%ff",
        "/" + "x" * 3000,
        "/a%2Fb",
        "/%2e%2e%2fx",
        "/..%5cx",
        "/'%20or%201=1--",
        "/${7*7}",
        "/%F0%9F%98%80",
        "/a;b",
    ],
)
@pytest.mark.parametrize(("service", "path"), LISTS)
def test_an_id_in_the_path_that_cannot_be_one_is_not_found(tail, service, path, stack, token):
    for address in (stack.description["gateway"], stack.description[service]):
        for method in ("GET", "DELETE"):
            answer = ask(address, method, path + tail, token=token("global_admin", "root", None))
            assert_problem(answer, 400, 404)


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "PROPFIND", "FOO"])
def test_an_unknown_method_is_refused(method, stack):
    for service, path in LISTS:
        for address in (stack.description["gateway"], stack.description[service]):
            assert_problem(ask(address, method, path), 405, 401)


@pytest.mark.parametrize(
    "headers",
    [
        [("SCRIPT_NAME", "/internal")],
        [("SCRIPT_NAME", PAUSES)],
        [("PATH_INFO", "/internal/v1/contacts")],
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Ssl", "off")],
        [("X-Forwarded-Prefix", "/internal"), ("X-Original-URL", "/internal"), ("X-Rewrite-URL", "/internal")],
        [("X-HTTP-Method-Override", "DELETE")],
        [("Host", "evil.example"), ("Host", "evil.example")],
        [("Prefer", "wait=999999999999999999999, respond-async, wait=-1")],
        [("If-Match", '"' * 3000)],
        [("Idempotency-Key", "x" * 5000)],
        [("Range", "bytes=0-,0-,0-")],
        [("Accept", "text/html;q=x"), ("Accept-Language", "*" * 100)],
        [("Cookie", "a=" + "b" * 5000)],
        [("traceparent", "00-" + "0" * 5000)],
        [("X-Request-ID", "$(reboot)")],
    ],
    ids=lambda headers: headers[0][0],
)
def test_a_strange_header_is_refused_or_harmless(headers, stack, token):
    for service, path in LISTS:
        for address in (stack.description["gateway"], stack.description[service]):
            answer = ask(address, "GET", path, token=token("global_admin", "root", None), headers=headers)
            if answer.status != 200:
                assert_problem(answer, 400, 401, 404, 412, 431)
    answer = ask(stack.description["gateway"], "POST", f"{PAUSES}/pause-lifted", body=b"{}", headers=headers)
    assert_problem(answer, 400, 422)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Basic eDp5",
        "Bearer " + "a" * 7000,
        "bearer ..",
        "Bearer \xe6",
    ],
)
def test_a_token_that_is_none_is_a_401(header, stack):
    for service, path in LISTS:
        for address in (stack.description["gateway"], stack.description[service]):
            answer = ask(address, "GET", path, headers={"Authorization": header} if header else {})
            if service == "orchestrator" or header:
                assert_problem(answer, 401)


def test_texts_that_pretend_to_be_headers_add_none(gateway, token, maildir):
    mentor = MENTORS[31]
    body = {
        "peer_mentor_id": mentor,
        "event_type": "pause_activated",
        "effective_date": "2026-07-02T00:00:00.000Z",
        "reason": "=?UTF-8?Q?=0A?=Bcc: x@y",
    }

    answer = ask(gateway, "POST", PAUSES, token=token("coordinator", COORDINATOR), body=body)

    assert answer.status == 201
    for mail in maildir.expect(address_of(mentor), address_of(COORDINATOR)):
        assert "bcc" not in {name.lower() for name in mail}
        assert "x@y" not in mail.as_string()
