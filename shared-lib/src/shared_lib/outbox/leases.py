"""The leases of one process: extended by a heartbeat, checked before an effect."""

import os
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unavailable

from . import store
from .messages import LeaseLost

log = structlog.get_logger(__name__)

EVERY_TENANT = all_tenants("relay")
"""For claims and leases; a delivery itself reads and writes within the tenant of its message."""

LAST_HEARTBEATS_SECONDS = 0.5
"""Between two checks whether the last attempts have ended, once the process stops."""


class Leases:
    """Safe to share between threads. A heartbeat thread runs from the first lease on, as long as there are any."""

    def __init__(self, database: Database, *, clock: Clock, seconds: float, stopping: threading.Event) -> None:
        self.database = database
        self.clock = clock
        self.seconds = seconds
        self.stopping = stopping
        self._lock = threading.Lock()
        self._process_id: int | None = None
        self._owner = uuid4()
        self._attempted: set[UUID] = set()
        self._until: dict[UUID, datetime] = {}
        self._heartbeat: threading.Thread | None = None

    @property
    def owner(self) -> UUID:
        """The id of this process in `leased_by`; a process forked later gets one of its own."""
        with self._lock:
            if self._process_id != os.getpid():
                self._process_id, self._owner = os.getpid(), uuid4()
            return self._owner

    @property
    def attempted(self) -> list[UUID]:
        """The messages that this process attempts, or is about to."""
        with self._lock:
            return list(self._attempted)

    def end(self) -> datetime:
        """When a lease that begins now runs out."""
        return self.clock() + timedelta(seconds=self.seconds)

    def add(self, message_id: UUID) -> None:
        """Let the heartbeat extend the lease of this message, which is ours in the database, until `remove`."""
        with self._lock:
            self._attempted.add(message_id)
            if self._heartbeat is None or not self._heartbeat.is_alive():
                self._heartbeat = threading.Thread(target=self._beat, name="outbox-heartbeat", daemon=True)
                self._heartbeat.start()

    def remove(self, message_id: UUID) -> None:
        """Extend the lease no longer; does not write."""
        with self._lock:
            self._attempted.discard(message_id)
            self._until.pop(message_id, None)

    def release(self, ids: Iterable[UUID]) -> None:
        """Return messages that nothing was begun for. Commits; when the database fails, the leases run out."""
        try:
            with self.database.begin(EVERY_TENANT) as session:
                store.release(session, list(ids), owner=self.owner)
        except Unavailable as error:
            log.warning("outbox.release_failed", reason=error.reason)

    def extend(self) -> None:
        """Extend all leases of this process. Commits. Raises Unavailable."""
        ids = self.attempted
        if ids:
            until = self.end()
            with self.database.begin(EVERY_TENANT) as session:
                extended = store.extend(session, ids, owner=self.owner, until=until)
            self._record(extended, until)

    def mark_in_flight(self, message_id: UUID) -> None:
        """Commit that the effect may happen from here on. Raises LeaseLost, or Unavailable."""
        now, until = self.clock(), self.end()
        with self.database.begin(EVERY_TENANT) as session:
            is_ours = store.mark_in_flight(session, message_id, owner=self.owner, now=now, until=until)
        if not is_ours:
            raise LeaseLost(str(message_id))
        self._record([message_id], until)

    def check(self, message_id: UUID) -> None:
        """Raises LeaseLost when the lease may have run out since `mark_in_flight`. Does not use the database."""
        with self._lock:
            until = self._until.get(message_id)
        if until is None or self.clock() >= until:
            raise LeaseLost(str(message_id))

    def _record(self, ids: Iterable[UUID], until: datetime) -> None:
        with self._lock:
            self._until.update(dict.fromkeys(ids, until))

    def _beat(self) -> None:
        while not self.stopping.wait(self.seconds / 3) or self.attempted:
            try:
                self.extend()
            except Unavailable as error:
                log.warning("outbox.heartbeat_failed", reason=error.reason)
            except Exception:  # the next heartbeat may succeed, and without one every lease is lost
                log.exception("outbox.heartbeat_failed")
            if self.stopping.is_set():
                time.sleep(LAST_HEARTBEATS_SECONDS)
