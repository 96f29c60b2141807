"""nginx and the local gateway send every request to the same service: both are asked, and compared."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from containers.nginx import gateway_in_front_of
from routes import AUDIT, LAPSES, NOTICES, PAUSES, ROUTES, route_for

Judgement = tuple[str | None, int]
SERVICES = {route.service for route in ROUTES}
ANSWERED, NOWHERE, NO_SUCH_METHOD, UNREADABLE = 200, 404, 405, 400
SEGMENTS = [
    *(
        "",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        ".%2e",
        "...",
        "a",
        "b%20c",
        "k%C3%A5re",
        "a;b",
        "a%3bb",
        "a\\b",
        "a%5cb",
        "%2f",
        "a%2Fb",
    ),
    *(
        "%25",
        "%252e",
        "%00",
        "%0d%0a",
        "%7f",
        "%23",
        "#",
        "%",
        "%zz",
        "internal",
        "%69nternal",
        "v1",
        "api",
        "x%3Fy",
        "a:b@c",
    ),
    *(
        *NOTICES,
        "audit",
        "notification",
        "acknowledgement",
        "api/v1/audit/notification",
        "api/v1/audit/acknowledgement",
    ),
    *(f"{notice}s" for notice in NOTICES),
    *(path.strip("/") for path in (PAUSES, LAPSES, PAUSES + PAUSES, LAPSES + LAPSES, PAUSES.upper())),
    *(
        "api/v1/%70ause-notifications",
        "api/v1/pause-notifications%2Fcert-expiry",
        "pause%2Dlifted",
        "readyz",
        "metrics",
    ),
]
TAILS = ["", "", "/", "//", "?", "?page=1&limit=2", "?x=/internal/../..//%2e%2e", "?a?b#c"]


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Judgement]]:
    """`judgement("GET", "/target")`: the service that nginx sends it to, if any, and the status."""
    servers = {service: _named(service) for service in SERVICES}
    ports = {service: server.server_port for service, server in servers.items()}
    with gateway_in_front_of(ports, tmp_path_factory.mktemp("routes")) as port:
        yield lambda method, target: _asked(port, method, target)
    for server in servers.values():
        server.shutdown()


def _named(service: str) -> ThreadingHTTPServer:
    """A service that answers every request with its name."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.send_response(ANSWERED)
            self.send_header("X-Service", service)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)  # noqa: S104 - a container asks
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def _asked(port: int, method: str, target: str) -> Judgement:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, target)
        connection.endheaders()
        answer = connection.getresponse()
        if answer.status != ANSWERED and method != "HEAD":
            assert json.loads(answer.read())["status"] == answer.status
        return answer.getheader("X-Service"), answer.status
    finally:
        connection.close()


def expected(method: str, target: str) -> Judgement:
    route = route_for(target)
    if route is None:
        return None, NOWHERE
    return (route.service, ANSWERED) if method in route.methods else (None, NO_SUCH_METHOD)


def agrees(method: str, target: str, found: Judgement) -> bool:
    wanted = expected(method, target)
    return found == wanted or (wanted[1] == NOWHERE and found == (None, UNREADABLE))  # nginx cannot even read some


def targets(number: int) -> Iterator[str]:
    """Addresses as clients and attackers may write them; the same ones every time."""
    chance = random.Random(5)
    bases = [PAUSES, PAUSES * 2, LAPSES, LAPSES * 2, AUDIT, PAUSES + AUDIT, LAPSES + AUDIT, "", ""]
    for _ in range(number):
        below = "".join(f"/{segment}" for segment in chance.choices(SEGMENTS, k=chance.randint(0, 3)))
        yield (chance.choice(bases) + below + chance.choice(TAILS)) or "/"


def test_both_gateways_send_every_address_to_the_same_service(judgement: Callable[[str, str], Judgement]) -> None:
    asked = {target: judgement("OPTIONS", target) for target in targets(4000)}

    assert [(target, found) for target, found in asked.items() if not agrees("OPTIONS", target, found)] == []
    assert {service for service, _ in asked.values()} == {*SERVICES, None}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FETCH"])
def test_both_gateways_know_the_same_methods(judgement: Callable[[str, str], Judgement], method: str) -> None:
    for target in (
        PAUSES,
        f"{PAUSES}/pn_1",
        f"{PAUSES * 2}/cert-expiry",
        f"{LAPSES}/x",
        AUDIT,
        f"{AUDIT}/notification",
    ):
        assert agrees(method, target, judgement(method, target)), target
