"""One attempt to deliver a message, and storing its outcome until that is committed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import tenant
from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater, Unavailable, Unreachable

from . import metrics, store
from .circuit_breaker import CircuitBreaker
from .in_flight_gate import InFlightGate
from .leases import Leases
from .messages import Delivered, Delivery, FinalState, LeaseLost, Reschedule, Route
from .retry import MAX_AMBIGUOUS, MAX_CRASHES, RetryPolicy

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all attempts of a process share. Once `abandoning` is set, an outcome is no longer written repeatedly."""

    database: Database
    clock: Clock
    retry: RetryPolicy
    leases: Leases
    in_flight_gate: InFlightGate
    abandoning: threading.Event


@dataclass(frozen=True)
class Attempt:
    """Delivers, then commits the outcome. A commit that fails is repeated; the delivery never is."""

    process: Surroundings
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
            return False
        try:
            outcome = self.route.deliver(self.delivery)
        except LeaseLost:
            self._count("lease_lost")
            log.warning("outbox.lease_lost", **self._ids())
            return False
        except Unreachable as error:
            return self._retry(error)
        except Rejected as error:
            self._give_up(FinalState.REJECTED, error.reason)
            return self.breaker.record_success()
        except OutcomeUnknown as error:
            self.breaker.record_failure()
            if self.delivery.ambiguous_count < MAX_AMBIGUOUS:
                self._postpone(error.reason, ambiguous=1)
            else:
                self._give_up(FinalState.UNKNOWN, error.reason)
            return False
        self._store_success(outcome)
        return self.breaker.record_success()

    def _state_before_attempt(self) -> tuple[FinalState, str] | None:
        """The final state and reason of a message that must not be attempted any more."""
        if self.delivery.ambiguous_count > MAX_AMBIGUOUS:
            return FinalState.UNKNOWN, "outcome_unknown"
        if self.delivery.crash_count >= MAX_CRASHES:
            return FinalState.DEAD, "crashed_repeatedly"
        if self.delivery.expires_at is not None and self.delivery.expires_at <= self.process.clock():
            return FinalState.EXPIRED, "too_old"
        return None

    def _store_success(self, outcome: Delivered | Reschedule) -> None:
        now = self.process.clock()

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

    def _retry(self, error: Unreachable) -> bool:
        """Whether the destination has recovered."""
        if isinstance(error, RetryLater):
            recovered = self.breaker.record_success()
            self._postpone(error.reason, retry_after=error.retry_after)
            return recovered
        self.breaker.record_failure()
        self._postpone(error.reason, retry_after=error.retry_after, waiting_for=self.route.executor)
        return False

    def _postpone(
        self, reason: str, *, retry_after: float | None = None, waiting_for: str | None = None, ambiguous: int = 0
    ) -> None:
        delay = timedelta(seconds=self.process.retry.delay(self.delivery.attempt, at_least=retry_after))
        due_at = self.process.clock() + delay
        if self.delivery.expires_at is not None:
            due_at = min(due_at, self.delivery.expires_at)
        self._commit_repeatedly(
            lambda session: store.postpone(
                session,
                self.delivery.id,
                owner=self.process.leases.owner,
                due_at=due_at,
                reason=reason,
                waiting_for=waiting_for,
                ambiguous_count=self.delivery.ambiguous_count + ambiguous,
            )
        )
        self._count("postponed")
        log.warning("outbox.postponed", reason=reason, seconds=round(delay.total_seconds(), 1), **self._ids())

    def _give_up(self, final_state: FinalState, reason: str) -> None:
        now = self.process.clock()

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
                with self.process.database.begin(tenant(self.delivery.tenant)) as session:
                    write(session)
                self.process.in_flight_gate.release(self.delivery.id)
                return
            except Unavailable as error:
                log.warning("outbox.outcome_not_committed", reason=error.reason, **self._ids())
                if self.process.abandoning.wait(pause):
                    raise
                pause = min(pause * 2, 2.0)

    def _count(self, outcome: str) -> None:
        metrics.attempts(self.delivery.kind, outcome).inc()

    def _ids(self) -> dict[str, str | int]:
        return {"outbox_id": str(self.delivery.id), "kind": self.delivery.kind, "attempt": self.delivery.attempt}
