"""The relay process: wakes up when there is something to do, and never takes what may still be somebody's."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import structlog

from shared_lib import idempotency
from shared_lib.database.row_level_security import NO_TENANT
from shared_lib.errors import Unavailable

from . import closed, presence
from .claims import Demand
from .dispatcher import Dispatcher
from .executor import Executor
from .leases import EVERY_TENANT
from .store import CHANNEL

log = structlog.get_logger(__name__)

STUCK_SECONDS = 90.0
"""A loop that has not turned for this long is stuck: three statements may time out in one turn."""

POLL_SECONDS = 1.0
"""How long a missed wake-up can cost."""

GATHER_SECONDS = 0.02
"""The least time between two claims."""

TIDY_SECONDS = 3600.0


class Worker:
    """Runs one relay until `stop`. As many of them as wanted may run, on as many machines.

    After a lost database connection it takes over nobody's expired lease for one lease length: the owner may just be
    waiting for the database to write down that it delivered (DESIGN section 3).
    """

    def __init__(self, dispatcher: Dispatcher, *, poll_seconds: float = POLL_SECONDS) -> None:
        self.dispatcher = dispatcher
        self.poll_seconds = poll_seconds
        self._wake = threading.Event()
        self._hold_off_until = 0.0
        self._announce_at = 0.0
        self._claimed_at = float("-inf")
        self._crowded: Sequence[Executor] = []
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        self._turned_at = float("inf")  # not begun yet
        dispatcher.on_finished = self._wake.set

    def run(self) -> None:
        """Claim and deliver until stopped; then finish what is under way and give the rest back."""
        listener = threading.Thread(target=self._listen, name="outbox-listener", daemon=True)
        listener.start()
        self._hasten_all()
        while not self.dispatcher.stopping.is_set():
            self._wake.clear()
            self._turned_at = time.monotonic()
            try:
                self._announce()
                self._tidy()
                self._serve()
            except Unavailable as error:
                self._hold_off(error.reason)
            self._wake.wait(self.poll_seconds)
            self._gather()
        self.dispatcher.close()
        with suppress(Unavailable), self.dispatcher.database.begin(NO_TENANT) as session:
            presence.leave(session, self.dispatcher.leases.owner)

    def stop(self) -> None:
        """Ask `run` to end; safe to call from a signal handler."""
        self.dispatcher.stopping.set()
        self._wake.set()

    def is_turning(self) -> bool:
        """Has it come round lately? Says nothing about the database or a destination."""
        return time.monotonic() - self._turned_at < STUCK_SECONDS

    def _announce(self) -> None:
        """Write down now and then that this relay is running: `/readyz` asks for it."""
        if time.monotonic() < self._announce_at:
            return
        with self.dispatcher.database.begin(NO_TENANT) as session:
            presence.announce(session, self.dispatcher.leases.owner, now=self.dispatcher.clock())
        self._announce_at = time.monotonic() + presence.PERIOD_SECONDS

    def _tidy(self) -> None:
        """Once an hour remove what nobody will ask for again."""
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        now = self.dispatcher.clock()
        with self.dispatcher.database.begin(EVERY_TENANT) as session:
            keys = idempotency.purge_batch(session, before=now - idempotency.KEPT)
            done = closed.forget(session, before=now - closed.KEPT)
        log.info("outbox.tidied", count=keys + done)

    def _serve(self) -> None:
        """Begin what the lanes have room for; where a destination does not answer, what is overdue, and one to see."""
        executors = self._lanes()
        self._begin([lane.demand(room=lane.room, expired_only=lane.breaker.is_open) for lane in executors if lane.room])
        for lane in executors:
            if lane.breaker.is_open and lane.room and lane.breaker.admits():
                self.dispatcher.hasten(lane, limit=1)
                self._begin([lane.demand(room=1)])

    def _lanes(self) -> Sequence[Executor]:
        return [lane for lane in self.dispatcher.executors.values() if lane.kinds]

    def _begin(self, demands: Sequence[Demand]) -> None:
        if not demands:
            return
        self._claimed_at = time.monotonic()
        take_over = self._claimed_at >= self._hold_off_until
        claimed = self.dispatcher.claim(demands, take_over=take_over)
        found = Counter(delivery.kind for delivery in claimed)
        self._crowded = [
            lane
            for lane in self._lanes()
            for demand in demands
            if demand.lane == lane.name and sum(found[kind] for kind in lane.kinds) >= demand.room
        ]
        for delivery in claimed:
            if self.dispatcher.begin(delivery) is None:
                log.error("outbox.no_room_for_claimed", outbox_id=str(delivery.id))

    def _gather(self) -> None:
        """Under load threads come free one by one, and to claim a single row costs more than to deliver it.

        Half of a lane that found as much as it could take is worth a claim; the other half is at work meanwhile.
        """
        until = self._claimed_at + GATHER_SECONDS
        while (left := until - time.monotonic()) > 0 and not self.dispatcher.stopping.is_set():
            self._wake.clear()
            if any(lane.room * 2 >= lane.size for lane in self._crowded):
                return
            self._wake.wait(left)

    def _hold_off(self, reason: str) -> None:
        self._hold_off_until = time.monotonic() + self.dispatcher.retry.lease
        log.warning("outbox.database_lost", reason=reason, hold_off_seconds=self.dispatcher.retry.lease)

    def _hasten_all(self) -> None:
        """A relay that has just started knows of no outage: everything that waits for a destination is tried again."""
        with suppress(Unavailable):
            for lane in self.dispatcher.executors.values():
                self.dispatcher.hasten(lane)

    def _listen(self) -> None:
        while not self.dispatcher.stopping.is_set():
            try:
                for is_notified in self.dispatcher.database.listen(CHANNEL, timeout=1.0):
                    if is_notified:
                        self._wake.set()
                    if self.dispatcher.stopping.is_set():
                        return
            except Unavailable:
                self._hold_off("listener_lost")
                self.dispatcher.stopping.wait(0.5)
