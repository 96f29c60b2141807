"""The documents and examples that others rely on, and those of others that we rely on."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from notification_service.api.routes import BASE_PATH
from notification_service.clients.http import HttpAcknowledgements
from notification_service.domain.lapses import Certification, ClosedReason, LapseState, Reassignment
from notification_service.domain.model import Notice
from notification_service.domain.notice_rules import NOTICE_RULES, Announcer
from notification_service.store.tables import DispatchRow
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient
from sqlalchemy import select

from ..builders import a_lapse
from ..fakes import FakeMailer
from ..integration.announcing import ANNOUNCED

CONTRACT = Path(__file__).parents[2] / "contract"
EXAMPLES = CONTRACT / "examples"
ACKNOWLEDGEMENT = Path(__file__).parents[3] / "acknowledgement-service" / "contract" / "examples"
OF_NOTICES = {notice: notice.value.replace("_", "-") for notice in ANNOUNCED}
"""Every type of notice that is announced has an example of its name."""
PATHS = {Announcer.ANY_CLIENT: f"{BASE_PATH}/{{}}", Announcer.ORCHESTRATOR: "/internal/v1/notices"}
SHAPES = {
    "message_id": re.compile(r"msg-[0-9]{5,}"),
    "dispatched_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
}


def example(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    document = json.loads((EXAMPLES / f"{name}.json").read_text())
    return document["request"], document["response"]


def as_of_today(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An example with a context: news that is as old as the example is not sent any more."""
    request, expected = example(name)
    now, context = utc_now(), request["body"]["context"]
    context["occurred_at"] = now.isoformat()
    if context["expiry_date"] is not None:
        context["expiry_date"] = (now + timedelta(days=14)).isoformat()
    return request, expected


def assert_alike(given: Any, expected: Any, name: str = "") -> None:
    """Equal in everything but ids and times, which need the same form; members in the same order."""
    if name in SHAPES:
        assert SHAPES[name].fullmatch(given)
    elif isinstance(expected, dict):
        assert list(given) == list(expected)
        for member, value in expected.items():
            assert_alike(given[member], value, member)
    elif isinstance(expected, list):
        assert len(given) == len(expected)
        for item, value in zip(given, expected, strict=True):
            assert_alike(item, value)
    else:
        assert given == expected


def test_the_published_document_is_the_one_served(client: FlaskClient) -> None:
    """After a change on purpose: `make openapi`."""
    assert json.loads((CONTRACT / "openapi.json").read_text()) == client.get("/openapi.json").json


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("notice", OF_NOTICES)
def test_every_type_of_notice_has_an_endpoint_that_answers_as_the_contract_says(
    client: FlaskClient, as_service: dict[str, str], database: Database, notice: Notice
) -> None:
    request, expected = example(OF_NOTICES[notice])
    announcer = NOTICE_RULES[notice].announcer
    headers = {**request["headers"], **as_service} if announcer is Announcer.ORCHESTRATOR else {}

    answer = client.post(request["path"], json=request["body"], headers=headers)

    assert (request["method"], request["path"]) == ("POST", PATHS[announcer].format(OF_NOTICES[notice]))
    assert answer.status_code == expected["status"]
    assert_alike(json.loads(answer.data), expected["body"])
    with database.begin(all_tenants("test")) as session:
        assert session.scalars(select(DispatchRow.notice)).all() == [notice]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "name", ["pause-activated-with-context", "cert-expiry-reminder-with-context", "cert-expiry-with-context"]
)
def test_the_orchestrator_may_send_a_context(client: FlaskClient, as_service: dict[str, str], name: str) -> None:
    request, expected = as_of_today(name)

    answer = client.post(request["path"], json=request["body"], headers={**request["headers"], **as_service})

    assert answer.status_code == expected["status"]
    assert_alike(json.loads(answer.data), expected["body"])


def test_the_orchestrator_may_send_updates_of_the_directory(client: FlaskClient, as_service: dict[str, str]) -> None:
    request, expected = example("put-contacts")

    answer = client.put(request["path"], json=request["body"], headers=as_service)

    assert (answer.status_code, answer.json) == (expected["status"], expected["body"])


@pytest.mark.usefixtures("people")
def test_a_dispatch_can_be_withdrawn(client: FlaskClient, as_service: dict[str, str], mailer: FakeMailer) -> None:
    mailer.failure = Unreachable("down")
    announced, _ = as_of_today("pause-activated-with-context")
    client.post(announced["path"], json=announced["body"], headers={**announced["headers"], **as_service})
    request, expected = example("withdraw-dispatch")

    answer = client.delete(request["path"], headers=as_service)

    assert answer.status_code == expected["status"]
    assert_alike(json.loads(answer.data), expected["body"])


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("name", ["put-certification", "certification-not-required"])
def test_the_orchestrator_may_tell_a_certification(
    client: FlaskClient, as_service: dict[str, str], mailer: FakeMailer, name: str
) -> None:
    mailer.failure = Unreachable("down")
    client.post(f"{BASE_PATH}/cert-expiry", json={"mentor_id": "mentor-042", "expiry_date": "2026-05-01T00:00:00Z"})
    request, expected = example(name)

    answer = client.put(request["path"], json=request["body"], headers=as_service)

    assert (answer.status_code, answer.json) == (expected["status"], expected["body"])


class AcknowledgementServer:
    """Answers as the acknowledgement service's own example says, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.response: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer({"method": self.command, "path": self.path, "body": body})

            def do_GET(self) -> None:
                self.answer({"method": self.command, "path": self.path})

            def answer(self, request: dict[str, Any]) -> None:
                outer.requests.append(request)
                content = json.dumps(outer.response["body"]).encode()
                self.send_response(outer.response["status"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, daemon=True)


@pytest.fixture
def server() -> Iterator[AcknowledgementServer]:
    server = AcknowledgementServer()
    server.thread.start()
    yield server
    server.httpd.shutdown()
    server.httpd.server_close()


NOTIFICATION = UUID("b2c3d4e5-f6a7-8901-bcde-f12345678901")
MOVED = Reassignment(notification_id=NOTIFICATION, organisation_id="lhl", coordinator_id="coord_ola_hansen", version=17)
RENEWED = Certification(
    mentor_id="mentor_james_okafor",
    organisation_id="lhl",
    expires_at=datetime(2028, 5, 1, tzinfo=UTC),
    reason=ClosedReason.RENEWED,
    version=17,
)
NOT_REQUIRED = replace(RENEWED, expires_at=None, reason=ClosedReason.NOT_REQUIRED, version=18)
CALLS: dict[str, Callable[[HttpAcknowledgements], object]] = {
    "get-lapse-state": lambda client: client.state(NOTIFICATION),
    "put-lapse": lambda client: client.open(a_lapse(notification_id=NOTIFICATION)),
    "reassign-lapse": lambda client: client.reassign(MOVED),
    "coordinator-has-left": lambda client: client.reassign(replace(MOVED, coordinator_id=None, version=18)),
    "put-certification": lambda client: client.certify(RENEWED),
    "certification-not-required": lambda client: client.certify(NOT_REQUIRED),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_acknowledgement_service_is_called_as_it_expects(server: AcknowledgementServer, name: str) -> None:
    document = json.loads((ACKNOWLEDGEMENT / f"{name}.json").read_text())
    server.response = document["response"]

    client = ServiceClient(server.url, audience="a", sign=lambda _: "token")
    CALLS[name](HttpAcknowledgements(client=client, slow_client=client))

    assert server.requests == [document["request"]]


@pytest.mark.parametrize(("name", "state"), [("get-lapse-state", LapseState.OPEN), (None, None)])
def test_the_state_of_a_lapse_is_understood_and_one_that_was_deleted_has_none(
    server: AcknowledgementServer, name: str | None, state: LapseState | None
) -> None:
    example = json.loads((ACKNOWLEDGEMENT / f"{name}.json").read_text()) if name else {}
    server.response = example.get("response", {"status": 404, "body": {}})
    client = ServiceClient(server.url, audience="a", sign=lambda _: "token")

    assert HttpAcknowledgements(client=client, slow_client=client).state(NOTIFICATION) is state


def test_a_lapse_that_was_deleted_is_none_to_move(server: AcknowledgementServer) -> None:
    server.response = {"status": 404, "body": {}}
    client = ServiceClient(server.url, audience="a", sign=lambda _: "token")

    HttpAcknowledgements(client=client, slow_client=client).reassign(MOVED)

    assert len(server.requests) == 1
