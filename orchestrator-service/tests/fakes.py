"""Stand-ins for what lies outside, and a clock that a test moves."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

from orchestrator_service.domain.announcements import DispatchResult, Status
from orchestrator_service.domain.notices import Notice
from orchestrator_service.domain.pause_events import PauseEvent
from orchestrator_service.domain.ports import CertificationNews, Contacts, PersonContact
from shared_lib.clock import utc_now

from .builders import a_result


@dataclass
class MovableClock:
    """Time that a test moves."""

    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeNotifier:
    """A notification service that mails everybody of the audience, or fails as the test says."""

    status: Status = Status.SENT
    failure: Exception | None = None
    meanwhile: Callable[[], object] = lambda: None
    still_queued: frozenset[str] = frozenset()
    announced: list[PauseEvent] = field(default_factory=list)
    occurred_at: list[datetime] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    notice_ids: list[UUID] = field(default_factory=list)
    withdrawn: list[UUID] = field(default_factory=list)
    contacts: list[Contacts] = field(default_factory=list)
    certifications: list[CertificationNews] = field(default_factory=list)
    when_withdrawn: tuple[DispatchResult, ...] = ()
    outcomes: tuple[DispatchResult, ...] = ()
    """What it answers instead of one mail to each of the audience."""

    def announce(
        self, event: PauseEvent, *, announcement_id: UUID, occurred_at: datetime, contact_version: int | None
    ) -> tuple[DispatchResult, ...]:
        if self.failure is not None:
            raise self.failure
        self.meanwhile()
        self.announced.append(event)
        self.occurred_at.append(occurred_at)
        return self.outcomes or tuple(
            a_result(recipient, status=self._status_of(recipient)) for recipient in event.recipients
        )

    def notify(self, notice: Notice, *, notice_id: UUID) -> None:
        if self.failure is not None:
            raise self.failure
        self.notices.append(notice)
        self.notice_ids.append(notice_id)

    def withdraw(self, announcement_id: UUID) -> tuple[DispatchResult, ...]:
        if self.failure is not None:
            raise self.failure
        self.withdrawn.append(announcement_id)
        return self.when_withdrawn

    def update_contacts(self, contacts: Contacts) -> None:
        if self.failure is not None:
            raise self.failure
        self.contacts.append(contacts)

    def update_certification(self, news: CertificationNews) -> None:
        if self.failure is not None:
            raise self.failure
        self.certifications.append(news)

    def _status_of(self, recipient: str) -> Status:
        return Status.QUEUED if recipient in self.still_queued else self.status

    def contact_of(self, person_id: str) -> PersonContact:
        """The newest that was told about this person."""
        told = [person for batch in self.contacts for person in batch.people if person.id == person_id]
        return max(told, key=lambda person: person.version)


@dataclass
class WatchedProgress:
    """Remembers which stages it saw."""

    stages: list[str] = field(default_factory=list)

    def at(self, stage: str, done: int = 0, total: int = 0) -> None:
        if stage not in self.stages:
            self.stages.append(stage)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that the stub got."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class StubService(ThreadingHTTPServer):
    """A notification_service on a port of this machine that notes what it is asked and answers as told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _StubHandler)
        self.status = 201
        self.answer: Any = {}
        self.delay = 0.0
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def running(self) -> Iterator["StubService"]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _StubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StubService

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(raw) if raw else None
        self.server.asked.append(Asked(method=self.command, path=self.path, headers=dict(self.headers), body=body))
        threading.Event().wait(self.server.delay)
        answer = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_: Any) -> None:
        """Silence."""
