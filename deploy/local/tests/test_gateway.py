"""Which requests the gateway passes on, answers by itself, and never sends twice."""

import http.client
import ipaddress
import json
import socket

from routes import PAUSES


def ask(port, method, target, *, body=None, headers=()):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest(method, target)
    for name, value in headers:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    answer.content = answer.read()
    connection.close()
    return answer


def is_problem(answer, status):
    document = json.loads(answer.content)
    assert answer.status == document["status"] == status
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert document["request_id"] == answer.getheader("X-Request-ID")
    assert list(document) == ["type", "title", "status", "detail", "instance", "request_id"]
    return True


def raw(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_the_target_and_the_body_arrive_as_they_were_sent(gateway, service):
    answer = ask(gateway, "POST", f"{PAUSES}/a%20b?x=%2Fy&z", body=b'{"a": 1}', headers=[("Content-Type", "text/x")])

    assert (answer.status, answer.content) == (200, b"{}")
    (seen,) = service.seen
    assert (seen.method, seen.target, seen.body) == ("POST", f"{PAUSES}/a%20b?x=%2Fy&z", b'{"a": 1}')
    assert seen.header("Content-Type") == ["text/x"]
    assert seen.header("Host") == [f"127.0.0.1:{gateway}"]


def test_headers_of_one_hop_and_of_pretenders_stay_behind(gateway, service):
    headers = [
        ("Connection", "keep-alive"),
        ("TE", "trailers"),
        ("Upgrade", "h2c"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Real-IP", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
        ("SCRIPT_NAME", "/internal"),
        ("X_Forwarded_For", "10.0.0.2"),
        ("Authorization", "Bearer abc"),
        ("If-Match", '"a"'),
    ]

    assert ask(gateway, "GET", PAUSES, headers=headers).status == 200

    (seen,) = service.seen
    (address,) = seen.header("X-Forwarded-For")
    assert ipaddress.ip_address(address) not in ipaddress.ip_network("10.0.0.0/30")
    assert seen.header("Authorization") == ["Bearer abc"]
    assert seen.header("If-Match") == ['"a"']
    gone = {"te", "upgrade", "x-real-ip", "forwarded", "script_name", "script-name", "x_forwarded_for"}
    assert gone.isdisjoint(name.lower() for name, _ in seen.headers)


def test_a_request_id_is_kept_if_harmless_and_replaced_if_not(gateway, service):
    kept = ask(gateway, "GET", PAUSES, headers=[("X-Request-ID", "abc-123.DEF_4")])
    replaced = ask(gateway, "GET", PAUSES, headers=[("X-Request-ID", "a b\tc" * 5)])

    assert kept.getheader("X-Request-ID") == "abc-123.DEF_4"
    assert [seen.header("X-Request-ID")[0] for seen in service.seen] == [
        "abc-123.DEF_4",
        replaced.getheader("X-Request-ID"),
    ]
    assert " " not in replaced.getheader("X-Request-ID")


def test_repeated_answer_headers_stay_apart(gateway, service):
    service.headers = [("Link", '</a>; rel="next"'), ("Link", '</b>; rel="last"'), ("X-Request-ID", "theirs")]

    answer = ask(gateway, "GET", PAUSES)

    assert answer.headers.get_all("Link") == ['</a>; rel="next"', '</b>; rel="last"']
    assert len(answer.headers.get_all("X-Request-ID")) == len(answer.headers.get_all("Date")) == 1


def test_head_keeps_the_length_and_has_no_body(gateway, service):
    answer = ask(gateway, "HEAD", PAUSES)

    assert (answer.status, answer.getheader("Content-Length"), answer.content) == (200, "2", b"")


def test_a_target_in_absolute_form_is_understood(gateway, service):
    assert ask(gateway, "GET", f"http://somewhere{PAUSES}?a=1").status == 200
    assert service.seen[0].target == f"{PAUSES}?a=1"


def test_nothing_leads_to_the_internal_paths(gateway, service):
    for target in ("/internal/v1/contacts", "/%69nternal/v1", "//internal/v1", f"{PAUSES}/../../../internal/v1"):
        assert is_problem(ask(gateway, "GET", target), 404)
    assert is_problem(ask(gateway, "GET", "http://somewhere/internal/v1"), 404)
    assert service.seen == []


def test_a_body_of_64_kib_passes_and_one_byte_more_does_not(gateway, service):
    assert ask(gateway, "POST", PAUSES, body=b"x" * 65536).status == 200
    assert is_problem(ask(gateway, "POST", PAUSES, body=b"x" * 65537), 413)
    assert len(service.seen) == 1


def test_the_answer_to_a_huge_body_is_seen_with_and_without_a_length(gateway, service):
    assert is_problem(ask(gateway, "POST", PAUSES, body=b"x" * 20 * 1024 * 1024), 413)

    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    head = f"POST {PAUSES} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    answer = raw(gateway, head + chunk * 50 + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert service.seen == []


def test_a_chunked_body_arrives_with_its_length(gateway, service):
    head = f"POST {PAUSES} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()

    assert raw(gateway, head + b"3\r\nabc\r\n0\r\n\r\n").startswith(b"HTTP/1.1 200 ")

    assert service.seen[0].body == b"abc"
    assert service.seen[0].header("Transfer-Encoding") == []


def test_a_service_that_is_down_is_a_503_to_be_tried_again(gateway):
    answer = ask(gateway, "POST", f"{PAUSES}/cert-expiry", body=b"{}")

    assert is_problem(answer, 503)
    assert answer.getheader("Retry-After") == "1"


def test_what_may_be_repeated_is_repeated_once_when_the_connection_is_cut(gateway, service):
    service.cut_next = 1
    assert ask(gateway, "GET", PAUSES).status == 200
    service.cut_next = 1
    assert ask(gateway, "POST", PAUSES, body=b"{}", headers=[("Idempotency-Key", "k")]).status == 200
    assert len(service.seen) == 4
    service.cut_next = 100
    assert is_problem(ask(gateway, "GET", PAUSES), 503)


def test_what_must_not_be_repeated_is_sent_once(gateway, service):
    for method in ("POST", "PUT", "DELETE"):
        service.cut_next = 1
        assert is_problem(ask(gateway, method, PAUSES, body=b"{}"), 503)
    assert [seen.method for seen in service.seen] == ["POST", "PUT", "DELETE"]


def test_a_method_without_a_handler_is_not_passed_on(gateway, service):
    for method, target in (("PATCH", PAUSES), ("TRACE", f"{PAUSES}/x"), ("GET", f"{PAUSES}/cert-expiry")):
        answer = ask(gateway, method, target)
        assert is_problem(answer, 405)
        assert method not in answer.getheader("Allow").split(", ")
    assert service.seen == []


def test_what_cannot_be_read_as_http_gets_a_problem_document_too(gateway, service):
    for request in (
        b"GET / HTTP/9.9\r\n\r\n",
        b"nonsense\r\n\r\n",
        f"GET {PAUSES}/{'x' * 17000} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"GET {PAUSES} HTTP/1.1\r\nHost: x\r\nX: {'x' * 20000}\r\n\r\n".encode(),
        f"POST {PAUSES} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".encode(),
        f"POST {PAUSES} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n".encode(),
        f"GET {PAUSES}/\u00e6 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    ):
        head, _, body = raw(gateway, request).partition(b"\r\n\r\n")
        assert head.split(b" ")[1][:1] == b"4", head
        assert b"application/problem+json" in head
        assert json.loads(body)["status"] == int(head.split(b" ")[1])
    assert service.seen == []
