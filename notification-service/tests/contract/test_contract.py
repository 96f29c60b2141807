"""The documents and examples that others rely on, and those of others that we rely on."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from notification_service.api.routes import BASE_PATH
from notification_service.clients.http import HttpAcknowledgements
from notification_service.domain.model import Notice
from notification_service.domain.ports import Lapse
from notification_service.store.tables import DispatchRow
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unreachable
from shared_lib.http_client import ServiceClient
from sqlalchemy import select

from ..builders import a_lapse
from ..fakes import FakeMailer

CONTRACT = Path(__file__).parents[2] / "contract"
EXAMPLES = CONTRACT / "examples"
PUT_LAPSE = Path(__file__).parents[3] / "acknowledgement-service" / "contract" / "examples" / "put-lapse.json"
OF_NOTICES = {notice: notice.value.replace("_", "-") for notice in Notice}
"""Every type of notice has an example and an endpoint of its name."""
SHAPES = {
    "message_id": re.compile(r"msg-[0-9]{5,}"),
    "dispatched_at": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
}


def example(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    document = json.loads((EXAMPLES / f"{name}.json").read_text())
    return document["request"], document["response"]


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
@pytest.mark.parametrize("notice", Notice)
def test_every_type_of_notice_has_an_endpoint_that_answers_as_the_contract_says(
    client: FlaskClient, database: Database, notice: Notice
) -> None:
    request, expected = example(OF_NOTICES[notice])

    answer = client.post(request["path"], json=request["body"])

    assert (request["method"], request["path"]) == ("POST", f"{BASE_PATH}/{OF_NOTICES[notice]}")
    assert answer.status_code == expected["status"]
    assert_alike(json.loads(answer.data), expected["body"])
    with database.begin(all_tenants("test")) as session:
        assert session.scalars(select(DispatchRow.notice)).all() == [notice]


@pytest.mark.usefixtures("people")
def test_the_orchestrator_may_send_a_context(client: FlaskClient, as_service: dict[str, str]) -> None:
    request, expected = example("pause-activated-with-context")

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
    announced, _ = example("pause-activated-with-context")
    client.post(announced["path"], json=announced["body"], headers={**announced["headers"], **as_service})
    request, expected = example("withdraw-dispatch")

    answer = client.delete(request["path"], headers=as_service)

    assert answer.status_code == expected["status"]
    assert_alike(json.loads(answer.data), expected["body"])


class AcknowledgementServer:
    """Answers as the acknowledgement service's own example says, and keeps the requests."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.requests: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append({"method": self.command, "path": self.path, "body": body})
                content = json.dumps(response["body"]).encode()
                self.send_response(response["status"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_port}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, daemon=True)


@pytest.fixture
def acknowledgement_example() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(PUT_LAPSE.read_text())
    return document


@pytest.fixture
def server(acknowledgement_example: dict[str, Any]) -> Iterator[AcknowledgementServer]:
    server = AcknowledgementServer(acknowledgement_example["response"])
    server.thread.start()
    yield server
    server.httpd.shutdown()
    server.httpd.server_close()


def test_a_lapse_is_opened_as_the_acknowledgement_service_expects(
    server: AcknowledgementServer, acknowledgement_example: dict[str, Any]
) -> None:
    lapse: Lapse = a_lapse(notification_id=UUID("b2c3d4e5-f6a7-8901-bcde-f12345678901"))

    client = ServiceClient(server.url, audience="a", sign=lambda _: "token")
    HttpAcknowledgements(client=client, slow_client=client).open(lapse)

    assert server.requests == [acknowledgement_example["request"]]
