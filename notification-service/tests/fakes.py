"""Fakes of our own ports, and a clock."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from notification_service.domain.lapses import Certification, LapseState, Reassignment
from notification_service.domain.ports import Lapse, Mail, PushMessage, nothing
from shared_lib.clock import utc_now

Failure = Exception | None


class MovableClock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **much: float) -> None:
        self.now += timedelta(**much)


@dataclass
class FakeMailer:
    """Keeps what it takes; `failures` by address, or `failure` for everybody."""

    failure: Failure = None
    failures: dict[str, Exception] = field(default_factory=dict)
    taken: list[Mail] = field(default_factory=list)
    gate: threading.Event | None = None
    """While set and not opened, the server keeps everybody waiting after it was handed the content."""

    def send(self, mail: Mail, *, before_data: Callable[[], None], before_dot: Callable[[], None] = nothing) -> None:
        failure = self.failure or self.failures.get(mail.to)
        if failure is not None:
            raise failure
        before_data()
        if self.gate is not None:
            self.gate.wait(30)
        before_dot()
        self.taken.append(mail)

    @property
    def addresses(self) -> list[str]:
        return sorted(mail.to for mail in self.taken)


@dataclass
class FakePusher:
    failure: Failure = None
    taken: list[PushMessage] = field(default_factory=list)

    def send(self, message: PushMessage) -> None:
        if self.failure is not None:
            raise self.failure
        self.taken.append(message)


@dataclass
class FakeAcknowledgements:
    failure: Failure = None
    opened: list[Lapse] = field(default_factory=list)
    reassigned: list[Reassignment] = field(default_factory=list)
    certified: list[Certification] = field(default_factory=list)
    asked: list[UUID] = field(default_factory=list)
    answer: LapseState | None = LapseState.OPEN

    def state(self, notification_id: UUID) -> LapseState | None:
        if self.failure is not None:
            raise self.failure
        self.asked.append(notification_id)
        return self.answer

    def open(self, lapse: Lapse) -> None:
        if self.failure is not None:
            raise self.failure
        self.opened.append(lapse)

    def reassign(self, news: Reassignment) -> None:
        if self.failure is not None:
            raise self.failure
        self.reassigned.append(news)

    def certify(self, news: Certification) -> None:
        if self.failure is not None:
            raise self.failure
        self.certified.append(news)

    def export(self, person_id: str) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        return {"acknowledgement": {"lapse": [{"mentor_id": person_id}]}}

    def erase(self, person_id: str) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        return {"acknowledgement": {"notes": 1}}
