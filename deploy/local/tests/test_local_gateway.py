"""Behaviour of the local gateway that nginx cannot be configured to have."""

from routes import PAUSES

from .test_gateway import ask, is_problem, raw


def test_headers_that_connection_names_stay_behind(gateway, service):
    headers = [("Connection", "keep-alive, X-Secret"), ("X-Secret", "1")]

    assert ask(gateway, "GET", PAUSES, headers=headers).status == 200

    assert service.seen[0].header("X-Secret") == []


def test_what_is_cut_twice_is_not_asked_a_third_time(gateway, service):
    service.cut_next = 2

    assert is_problem(ask(gateway, "GET", PAUSES), 503)

    assert len(service.seen) == 2


def test_a_header_without_a_colon_is_refused(gateway, service):
    answer = raw(gateway, f"GET {PAUSES} HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert service.seen == []


def test_a_header_that_comes_twice_is_passed_on_as_a_list(gateway, service):
    assert ask(gateway, "GET", PAUSES, headers=[("If-Match", '"a"'), ("If-Match", '"b"')]).status == 200

    assert service.seen[0].header("If-Match") == ['"a","b"']
