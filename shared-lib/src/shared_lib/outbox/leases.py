"""The rows that this process works on: leased to it, kept by a heartbeat, marked before their effect."""

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

from . import claims
from .messages import LeaseLost

log = structlog.get_logger(__name__)

EVERY_TENANT = all_tenants("relay")
"""For claiming and keeping leases; what an attempt reads and writes stays within the tenant of its row."""

FAREWELL_SECONDS = 0.5
"""Between two beats while the last attempts end."""


class Leases:
    """Safe to share between threads. A heart keeps them from the first row taken on, while any is left."""

    def __init__(self, database: Database, *, clock: Clock, seconds: float, stopping: threading.Event) -> None:
        self.database = database
        self.clock = clock
        self.seconds = seconds
        self.stopping = stopping
        self._identity = (os.getpid(), uuid4())
        self._lock = threading.Lock()
        self._taken: set[UUID] = set()
        self._until: dict[UUID, datetime] = {}
        self._heart: threading.Thread | None = None

    @property
    def owner(self) -> UUID:
        """Whose leases these are: this process's own, also when it was forked after they were made."""
        if self._identity[0] != os.getpid():
            self._identity = (os.getpid(), uuid4())
        return self._identity[1]

    @property
    def taken(self) -> list[UUID]:
        """What is being attempted, or is about to be."""
        with self._lock:
            return list(self._taken)

    def end(self) -> datetime:
        """Of a lease that begins now."""
        return self.clock() + timedelta(seconds=self.seconds)

    def take(self, row_id: UUID) -> None:
        """Keep the lease of this row, which the database knows as ours, until it is dropped."""
        with self._lock:
            self._taken.add(row_id)
            if self._heart is None or not self._heart.is_alive():
                self._heart = threading.Thread(target=self._keep, name="outbox-heart", daemon=True)
                self._heart.start()

    def drop(self, row_id: UUID) -> None:
        """Keep it no longer; the row itself is another matter."""
        with self._lock:
            self._taken.discard(row_id)
            self._until.pop(row_id, None)

    def give_back(self, ids: Iterable[UUID]) -> None:
        """Let others have rows under whose leases nothing was begun; at worst the leases run out by themselves."""
        try:
            with self.database.begin(EVERY_TENANT) as session:
                claims.release(session, list(ids), owner=self.owner)
        except Unavailable as error:
            log.warning("outbox.release_failed", reason=error.reason)

    def beat(self) -> None:
        """Extend the leases of all that is taken."""
        ids = self.taken
        if ids:
            until = self.end()
            with self.database.begin(EVERY_TENANT) as session:
                held = claims.extend(session, ids, owner=self.owner, until=until)
            self._hold([row.id for row in held.rows], until)

    def mark(self, row_id: UUID) -> None:
        """Commit "from here on the effect may have happened". Raises LeaseLost, or Unavailable."""
        now, until = self.clock(), self.end()
        with self.database.begin(EVERY_TENANT) as session:
            ours = claims.mark(session, row_id, owner=self.owner, now=now, until=until)
        if not ours.rows:
            raise LeaseLost(str(row_id))
        self._hold([row_id], until)

    def expect(self, row_id: UUID) -> None:
        """Raises LeaseLost when the lease may have run out since the row was marked. Asks no database."""
        with self._lock:
            until = self._until.get(row_id)
        if until is None or self.clock() >= until:
            raise LeaseLost(str(row_id))

    def _hold(self, ids: Iterable[UUID], until: datetime) -> None:
        with self._lock:
            self._until.update(dict.fromkeys(ids, until))

    def _keep(self) -> None:
        while not self.stopping.wait(self.seconds / 3) or self.taken:
            try:
                self.beat()
            except Unavailable as error:
                log.warning("outbox.heartbeat_failed", reason=error.reason)
            if self.stopping.is_set():
                time.sleep(FAREWELL_SECONDS)
