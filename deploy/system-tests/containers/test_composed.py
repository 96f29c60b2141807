"""The composed system: quick to be there, and what its gateway says, hides and writes down."""

import http.client
import json
import re
import socket
import ssl

import pytest
from asking import LAPSES, PAUSES, ask, assert_problem
from containers.docker import docker
from running import eventually

HEALTHY_WITHIN = 60.0


def test_it_is_healthy_within_a_minute(stack):
    assert stack.seconds < HEALTHY_WITHIN


def test_nginx_has_nothing_to_say_about_its_configuration(stack):
    said = docker("exec", stack.container("gateway"), "sh", "-c", "nginx -t -c /gateway/nginx.conf 2>&1")

    assert "test is successful" in said
    assert not re.search(r"\[(warn|error|crit|emerg)\]", said), said


def test_the_gateway_speaks_tls_with_the_given_certificate(stack):
    (port, handed_out) = (stack.port("gateway", 8443), stack.data / "secrets" / "gateway")
    context = ssl.create_default_context(cafile=handed_out / "tls.crt")
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)

    connection.request("GET", LAPSES)

    assert connection.getresponse().status == 200


def test_old_tls_is_refused(stack):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", stack.port("gateway", 8443))) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain)


@pytest.mark.parametrize(
    "target", ["/internal/v1/contacts", "/readyz", "/metrics", "/livez", "/docs", "/openapi.json", "/"]
)
def test_what_is_not_for_people_is_not_there(gateway, target):
    assert_problem(ask(gateway, "GET", target), 404)


def test_the_log_has_a_line_of_json_per_request_and_nothing_that_anybody_wrote(stack, gateway):
    ask(gateway, "GET", f"{LAPSES}?mentor_id=a-very-private-word", headers={"X-Request-ID": "seen-in-the-log"})

    def logged():
        lines = docker("logs", "--tail", "200", stack.container("gateway")).splitlines()
        return [line for line in lines if "seen-in-the-log" in line]

    (line,) = eventually(logged)
    entry = json.loads(line)
    assert (entry["method"], entry["upstream"], entry["status"]) == ("GET", "acknowledgement", 200)
    assert "private-word" not in line
    services = docker("logs", stack.container("acknowledgement-web"))
    assert any(
        json.loads(line).get("request_id") == "seen-in-the-log" for line in services.splitlines() if line[:1] == "{"
    )


def test_an_id_that_would_spoil_a_log_is_replaced_in_problem_and_header(gateway):
    answer = ask(gateway, "GET", f"{PAUSES};x", headers={"X-Request-ID": 'a"b\\c", "status": 1'})

    assert_problem(answer, 404)
    assert answer.document["request_id"] == answer.headers["X-Request-ID"]
    assert answer.document["instance"] == f"{PAUSES};x"


def test_what_would_spoil_a_document_is_left_out_of_it(gateway):
    answer = ask(gateway, "GET", '/a"b\\c<script>')

    assert_problem(answer, 404)
    assert answer.document["instance"] == "/a"
