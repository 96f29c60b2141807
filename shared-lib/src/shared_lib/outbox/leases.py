"""The leases of one process: extended by a heartbeat, checked before an effect; and its in-flight gate."""

import os
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy import bindparam, update

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Unavailable

from . import store
from .messages import LeaseLost
from .schema import OUTBOX

log = structlog.get_logger(__name__)

EVERY_TENANT = all_tenants("relay")
"""For claims and leases; a delivery itself reads and writes within the tenant of its message."""

LAST_HEARTBEATS_SECONDS = 0.5
"""Between two checks whether the last attempts have ended, once the process stops."""

MAX_GATE_SECONDS = 0.15

_is_own = OUTBOX.c.leased_by == bindparam("owner")
_own_of_many = OUTBOX.c.id.in_(bindparam("ids", expanding=True)) & _is_own
_EXTEND = update(OUTBOX).where(_own_of_many).values(leased_until=bindparam("until")).returning(OUTBOX.c.id)
_RELEASE = (
    update(OUTBOX)
    .where(_own_of_many, OUTBOX.c.in_flight_since.is_(None))
    .values(attempts=OUTBOX.c.attempts - 1, **store.NOT_LEASED)
)
"""As if the messages had never been claimed."""
_MARK_IN_FLIGHT = (
    update(OUTBOX)
    .where(OUTBOX.c.id == bindparam("message_id"), _is_own, OUTBOX.c.leased_until > bindparam("now"))
    .values(in_flight_since=bindparam("now"), leased_until=bindparam("until"))
    .returning(OUTBOX.c.id)
)


class InFlightGate:
    """At most one delivery of a process at a time between its mark and its stored outcome.

    A process that is killed or frozen leaves each marked message ambiguous: it is sent once more, or given up as
    unknown. With this gate a process leaves one such message instead of one for each of its threads. A slow
    destination must not delay the others: after 0.15 s a delivery passes although another one is in flight.
    """

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._holder: UUID | None = None

    def acquire(self, message_id: UUID) -> None:
        """Wait until no other delivery is in flight, at most 0.15 s. Acquiring twice is harmless."""
        if self._holder != message_id and self._free.acquire(timeout=MAX_GATE_SECONDS):
            self._holder = message_id

    def release(self, message_id: UUID) -> None:
        """Let the next delivery in; does nothing when this message does not hold the gate."""
        if self._holder == message_id:
            self._holder = None
            self._free.release()


class Leases:
    """Safe to share between threads. A heartbeat thread runs from the first lease on, as long as there are any."""

    def __init__(self, database: Database, *, clock: Clock, seconds: float, stopping: threading.Event) -> None:
        self.database = database
        self.clock = clock
        self.seconds = seconds
        self.stopping = stopping
        self.gate = InFlightGate()
        self._lock = threading.Lock()
        self._process_id: int | None = None
        self._owner = uuid4()
        self._until: dict[UUID, datetime | None] = {}
        """The messages that are attempted; with the end of the lease once it was written since the claim."""
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
            return list(self._until)

    def end(self) -> datetime:
        """When a lease that begins now runs out."""
        return self.clock() + timedelta(seconds=self.seconds)

    def add(self, message_id: UUID) -> None:
        """Let the heartbeat extend the lease of this message, which is ours in the database, until `remove`."""
        with self._lock:
            self._until[message_id] = None
            if self._heartbeat is None or not self._heartbeat.is_alive():
                self._heartbeat = threading.Thread(target=self._beat, name="outbox-heartbeat", daemon=True)
                self._heartbeat.start()

    def remove(self, message_id: UUID) -> None:
        """Extend the lease no longer, and let the next delivery through the gate; does not write."""
        with self._lock:
            self._until.pop(message_id, None)
        self.gate.release(message_id)

    def release(self, ids: Iterable[UUID]) -> None:
        """Return messages that nothing was begun for. Commits; when the database fails, the leases run out."""
        try:
            with self.database.begin(EVERY_TENANT) as session:
                session.execute(_RELEASE, {"ids": list(ids), "owner": self.owner})
                store.wake(session)
        except Unavailable as error:
            log.warning("outbox.release_failed", reason=error.reason)

    def extend(self) -> None:
        """Extend all leases of this process. Commits. Raises Unavailable."""
        if ids := self.attempted:
            until = self.end()
            with self.database.begin(EVERY_TENANT) as session:
                extended = session.scalars(_EXTEND, {"ids": ids, "owner": self.owner, "until": until}).all()
            with self._lock:
                self._until.update({message_id: until for message_id in extended if message_id in self._until})

    def mark_in_flight(self, message_id: UUID) -> None:
        """Wait at the gate, then commit that the effect may happen from here on. Raises LeaseLost, or Unavailable."""
        self.gate.acquire(message_id)
        now, until = self.clock(), self.end()
        values = {"message_id": message_id, "owner": self.owner, "now": now, "until": until}
        with self.database.begin(EVERY_TENANT) as session:
            is_ours = session.connection().execute(_MARK_IN_FLIGHT, values).one_or_none() is not None
        if not is_ours:
            raise LeaseLost(str(message_id))
        with self._lock:
            self._until[message_id] = until

    def check(self, message_id: UUID) -> None:
        """Raises LeaseLost when the lease may have run out since `mark_in_flight`. Does not use the database."""
        with self._lock:
            until = self._until.get(message_id)
        if until is None or self.clock() >= until:
            raise LeaseLost(str(message_id))

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
