"""Requests exactly as a test writes them, and answers with what a test wants to know."""

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PAUSES = "/api/v1/pause-notifications"
LAPSES = "/api/v1/lapse-acknowledgements"
TIMEOUT = 40.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.content)


def ask(
    address: str,
    method: str,
    target: str,
    *,
    token: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> Answer:
    """`target` travels as it is written. A body that is not bytes is sent as JSON."""
    given = list(headers.items() if isinstance(headers, Mapping) else headers)
    if token:
        given.append(("Authorization", f"Bearer {token}"))
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if body is not None and not any(name.lower() == "content-type" for name, _ in given):
        given.append(("Content-Type", "application/json"))
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in given:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(status=answer.status, headers=answer.headers, content=answer.read())
    finally:
        connection.close()


def assert_problem(answer: Answer, *statuses: int) -> None:
    """A problem document as DESIGN section 2 has it, with one of these statuses."""
    assert answer.status in statuses, (answer.status, answer.content[:500])
    assert answer.headers.get_content_type() == "application/problem+json"
    document = answer.document
    assert list(document)[:6] == ["type", "title", "status", "detail", "instance", "request_id"]
    assert set(document) <= {"type", "title", "status", "detail", "instance", "request_id", "errors"}
    assert document["status"] == answer.status
    if answer.status == 503:
        assert int(answer.headers["Retry-After"]) > 0
    for leak in ("Traceback", "psycopg", "sqlalchemy", "site-packages", "/src/", "SELECT "):
        assert leak not in answer.content.decode(), leak
