"""One attempt to deliver a message, storing its outcome until that is committed, and when it is attempted again."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from shared_lib.database.row_level_security import tenant
from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater, Unavailable, Unreachable

from . import metrics, store
from .executor import CircuitBreaker
from .leases import Leases
from .messages import Delivered, Delivery, FinalState, LeaseLost, Reschedule, Route

log = structlog.get_logger(__name__)

DELAYS = (5.0, 15.0, 45.0, 120.0, 300.0, 600.0)
"""Seconds after the first, second, … attempt; the last one counts for all that follow."""

LEASE_SECONDS = 30.0
MIN_LEASE_SECONDS = 3.0
PROBE_SECONDS = 5.0
MAX_CRASHES = 4
"""A message that this many attempts did not survive is dead."""
MAX_AMBIGUOUS = 1
"""An ambiguous delivery is made once more, never twice: at most one extra copy."""


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """`scale` shortens delays, leases and probes alike, for tests and drills; a lease is never under 3 s."""

    scale: float = 1.0
    jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret

    @property
    def lease_seconds(self) -> float:
        return max(MIN_LEASE_SECONDS, LEASE_SECONDS * self.scale)

    @property
    def probe_seconds(self) -> float:
        return PROBE_SECONDS * self.scale

    def delay(self, attempt: int, *, at_least: float | None = None) -> float:
        """Seconds until the attempt after `attempt` (from 1); never less than the destination asked for."""
        base = DELAYS[min(max(attempt, 1), len(DELAYS)) - 1]
        return max(base * self.jitter() * self.scale, at_least or 0.0)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Delivers, then commits the outcome. A commit that fails is repeated until `abandoning`; the delivery never is."""

    leases: Leases
    retry: RetryPolicy
    abandoning: threading.Event
    breaker: CircuitBreaker
    route: Route
    delivery: Delivery

    def run(self) -> bool:
        """Attempt the delivery and commit the outcome.

        Returns whether the destination answers again after its circuit breaker had been open. Raises Unavailable when
        `abandoning` is set before the commit.
        """
        final = self._state_before_attempt()
        if final is not None:
            self._give_up(*final)
        return final is None and self._deliver()

    def _deliver(self) -> bool:
        try:
            outcome = self.route.deliver(self.delivery)
        except LeaseLost:
            self._count("lease_lost")
            log.warning("outbox.lease_lost", **self._ids())
            return False
        except RetryLater as error:
            self._postpone(error.reason, retry_after=error.retry_after)
        except Unreachable as error:
            self.breaker.record_failure()
            self._postpone(error.reason, retry_after=error.retry_after, waiting_for=self.route.executor)
            return False
        except OutcomeUnknown as error:
            self.breaker.record_failure()
            if self.delivery.ambiguous_count < MAX_AMBIGUOUS:
                self._postpone(error.reason, ambiguous=1)
            else:
                self._give_up(FinalState.UNKNOWN, error.reason)
            return False
        except Rejected as error:
            self._give_up(FinalState.REJECTED, error.reason)
        else:
            self._store_success(outcome)
        return self.breaker.record_success()

    def _state_before_attempt(self) -> tuple[FinalState, str] | None:
        """The final state and reason of a message that must not be attempted any more."""
        if self.delivery.ambiguous_count > MAX_AMBIGUOUS:
            return FinalState.UNKNOWN, "outcome_unknown"
        if self.delivery.crash_count >= MAX_CRASHES:
            return FinalState.DEAD, "crashed_repeatedly"
        if self.delivery.expires_at is not None and self.delivery.expires_at <= self.leases.clock():
            return FinalState.EXPIRED, "too_old"
        return None

    def _store_success(self, outcome: Delivered | Reschedule) -> None:
        now = self.leases.clock()

        def write(session: Session) -> None:
            if isinstance(outcome, Delivered):
                store.close(session, self.delivery.id, FinalState.DONE, now=now, reason=None)
            else:
                due_at, key = now + outcome.after, self.delivery.ordering_key
                store.reschedule(session, self.delivery.id, due_at=due_at, ordering_key=key)
            outcome.on_commit(session)

        self._commit_repeatedly(write)
        self._count("done" if isinstance(outcome, Delivered) else "rescheduled")
        log.info("outbox.delivered", again=isinstance(outcome, Reschedule), **self._ids())

    def _postpone(
        self, reason: str, *, retry_after: float | None = None, waiting_for: str | None = None, ambiguous: int = 0
    ) -> None:
        delay = timedelta(seconds=self.retry.delay(self.delivery.attempt, at_least=retry_after))
        due_at = self.leases.clock() + delay
        outcome = {
            "due_at": due_at if self.delivery.expires_at is None else min(due_at, self.delivery.expires_at),
            "last_reason": reason,
            "waiting_for": waiting_for,
            "ambiguous_count": self.delivery.ambiguous_count + ambiguous,
        }
        self._commit_repeatedly(
            lambda session: store.postpone(session, self.delivery.id, owner=self.leases.owner, outcome=outcome)
        )
        self._count("postponed")
        log.warning("outbox.postponed", reason=reason, seconds=round(delay.total_seconds(), 1), **self._ids())

    def _give_up(self, final_state: FinalState, reason: str) -> None:
        now = self.leases.clock()

        def write(session: Session) -> None:
            if store.close(session, self.delivery.id, final_state, now=now, reason=reason):
                self.route.give_up(session, self.delivery, final_state, reason)

        def write_without_route(session: Session) -> None:
            store.close(session, self.delivery.id, FinalState.DEAD, now=now, reason="crashed_repeatedly")

        try:
            self._commit_repeatedly(write)
        except Unavailable:
            raise
        except Exception:
            if self.delivery.crash_count < MAX_CRASHES:
                raise
            # What crashed the attempts may crash `give_up` as well; the message must be closed all the same.
            log.exception("outbox.give_up_crashed", final_state=final_state.value, **self._ids())
            self._commit_repeatedly(write_without_route)
        self._count(final_state.value)
        log.error("outbox.given_up", final_state=final_state.value, reason=reason, **self._ids())

    def _commit_repeatedly(self, write: Callable[[Session], object]) -> None:
        pause = 0.1
        while True:
            try:
                with self.leases.database.begin(tenant(self.delivery.tenant)) as session:
                    write(session)
                self.leases.gate.release(self.delivery.id)
                return
            except Unavailable as error:
                log.warning("outbox.outcome_not_committed", reason=error.reason, **self._ids())
                if self.abandoning.wait(pause):
                    raise
                pause = min(pause * 2, 2.0)

    def _count(self, outcome: str) -> None:
        metrics.attempts(self.delivery.kind, outcome).inc()

    def _ids(self) -> dict[str, str | int]:
        return {"outbox_id": str(self.delivery.id), "kind": self.delivery.kind, "attempt": self.delivery.attempt}
