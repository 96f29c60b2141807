"""The loop over the agenda: one thread in each relay process, in any number of processes."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database.engine import Database, Turn
from shared_lib.database.row_level_security import all_tenants, tenant
from shared_lib.errors import Unavailable

from . import store

log = structlog.get_logger(__name__)

PERIOD_SECONDS = 30.0
"""The longest delay that a lost NOTIFY can cause."""

RETRY_SECONDS = 1.0
MAX_MISSED_PERIODS = 2
BATCH = 50
CHANGES = 1_000
EVERY_TENANT = all_tenants("agenda")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is looked at: `kind:id`, of one tenant."""

    kind: str
    id: str
    tenant: str

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, kw_only=True)
class SubjectKind:
    """How subjects of one kind are looked at.

    `look` does what is due in the session's transaction (rows and outbox messages only; it calls nobody) and returns
    when to look again; None: not before the facts change. The transaction waits for `turn` first.
    """

    look: Callable[[Session, Subject, datetime], datetime | None]
    turn: Callable[[str], Turn]


class AgendaLoop:
    """Looks at every subject that is due.

    Each look is one transaction, so a kill at any point loses and doubles nothing.
    """

    def __init__(self, database: Database, kinds: Mapping[str, SubjectKind], *, clock: Clock) -> None:
        self._database = database
        self._kinds = kinds
        self._clock = clock
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._polled_at = float("inf")  # not yet

    def run(self) -> None:
        """Look until stopped. No fault ends it."""
        threading.Thread(target=self._listen, name="agenda-listener", daemon=True).start()
        while not self._stopping.is_set():
            self._wake.clear()
            seconds = PERIOD_SECONDS
            try:
                look_at = self.poll()
                if look_at is not None:
                    seconds = min(seconds, max(0.0, (look_at - self._clock()).total_seconds()))
            except Unavailable as error:
                log.warning("agenda.database_unavailable", reason=error.reason)
                seconds = RETRY_SECONDS
            except Exception:  # a fault that nobody foresaw must not end the loop of this process
                log.exception("agenda.poll_failed")
                seconds = RETRY_SECONDS
            self._wake.wait(seconds)

    def stop(self) -> None:
        """Ask `run` to end after the present look; safe to call from a signal handler."""
        self._stopping.set()
        self._wake.set()

    def is_polling(self) -> bool:
        """Whether a poll or a batch of looks began lately. Says nothing about the database."""
        return time.monotonic() - self._polled_at < PERIOD_SECONDS * MAX_MISSED_PERIODS

    def poll(self) -> datetime | None:
        """Take in all changes and look at all that is due; returns when something is due next. Raises Unavailable."""
        while not self._stopping.is_set():
            at, self._polled_at = self._clock(), time.monotonic()
            with self._database.begin(EVERY_TENANT) as session:
                waiting = store.waiting(session)
                if waiting.has_changes:
                    store.take_in_changes(session, at=at, limit=CHANGES)
                elif waiting.look_at is None or waiting.look_at > at:
                    return waiting.look_at
                subjects = store.due(session, at=at, limit=BATCH)
            for row in subjects:
                if self._stopping.is_set():
                    break
                kind, _, subject_id = row.subject.partition(":")
                self.look_at(Subject(kind=kind, id=subject_id, tenant=row.tenant))
        return None

    def look_at(self, subject: Subject) -> None:
        """Look at one subject if it is due. A fault is stored with it and holds up no other. Raises Unavailable."""
        at = self._clock()
        kind = self._kinds.get(subject.kind)
        try:
            if kind is None:
                raise KeyError(subject.kind)
            with self._database.begin(tenant(subject.tenant), turn=kind.turn(subject.id)) as session:
                if store.lock_due(session, subject.name, at=at):
                    store.put_back(session, subject.name, kind.look(session, subject, at))
        except Unavailable:
            raise
        except Exception as error:
            log.exception("agenda.look_failed", subject=subject.name)
            with self._database.begin(tenant(subject.tenant)) as session:
                store.record_failure(session, subject.name, at=at, code=type(error).__name__)

    def _listen(self) -> None:
        while not self._stopping.is_set():
            with suppress(Unavailable):
                for is_notified in self._database.listen(store.CHANNEL, timeout=1.0):
                    if is_notified:
                        self._wake.set()
                    if self._stopping.is_set():
                        return
            self._stopping.wait(0.5)
