"""One attempt at one promise, and writing down how it went until that holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from shared_lib.database.row_level_security import tenant
from shared_lib.errors import OutcomeUnknown, Rejected, RetryLater, Unavailable, Unreachable

from . import metrics, store
from .circuit_breaker import CircuitBreaker
from .messages import Delivered, Delivery, FinalState, LeaseLost, Reschedule, Route
from .retry import DEADLY_STARTS

if TYPE_CHECKING:
    from .dispatcher import Dispatcher

log = structlog.get_logger(__name__)

MOST_AMBIGUOUS = 1
"""An ambiguous delivery is made once more, never twice: at most one extra copy (DESIGN section 3)."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """`recovered`: the destination answers again after it had been failing."""

    recovered: bool = False
    news: object = None


@dataclass(frozen=True)
class Attempt:
    """Delivers, then commits the outcome; a commit that fails is repeated, the delivery never is."""

    dispatcher: "Dispatcher"
    breaker: CircuitBreaker
    route: Route
    delivery: Delivery

    def run(self) -> Ran:
        hopeless = self._hopeless()
        if hopeless is not None:
            self._give_up(*hopeless)
            return Ran()
        try:
            outcome = self.route.deliver(self.delivery)
        except LeaseLost:
            self._count("lease_lost")
            log.warning("outbox.lease_lost", **self._ids())
            return Ran()
        except Unreachable as error:
            return Ran(recovered=self._put_off(error))
        except Rejected as error:
            self._give_up(FinalState.REJECTED, error.reason)
            return Ran(recovered=self.breaker.answered())
        except OutcomeUnknown as error:
            self.breaker.failed()
            self._doubt(error.reason)
            return Ran()
        self._settle(outcome)
        return Ran(recovered=self.breaker.answered(), news=outcome.news)

    def _hopeless(self) -> tuple[FinalState, str] | None:
        now = self.dispatcher.clock()
        if self.delivery.ambiguous > MOST_AMBIGUOUS:
            return FinalState.UNKNOWN, "outcome_unknown"
        if self.delivery.starts > DEADLY_STARTS:
            return FinalState.DEAD, "crashed_repeatedly"
        if self.delivery.expires_at is not None and self.delivery.expires_at <= now:
            return FinalState.EXPIRED, "too_old"
        return None

    def _settle(self, outcome: Delivered | Reschedule) -> None:
        now = self.dispatcher.clock()

        def write(session: Session) -> None:
            if isinstance(outcome, Delivered):
                store.close(session, self.delivery.id, FinalState.DONE, now=now)
            else:
                store.look_again(session, self.delivery.id, due_at=now + outcome.after)
            outcome.on_commit(session)

        self._until_it_holds(write)
        self._count("again" if isinstance(outcome, Reschedule) else "done")
        log.info("outbox.delivered", again=isinstance(outcome, Reschedule), **self._ids())

    def _put_off(self, error: Unreachable) -> bool:
        if isinstance(error, RetryLater):
            recovered = self.breaker.answered()
            self._postpone(error.reason, retry_after=error.retry_after)
            return recovered
        self.breaker.failed()
        self._postpone(error.reason, retry_after=error.retry_after, waiting_for=self.route.executor)
        return False

    def _doubt(self, reason: str) -> None:
        ambiguous = self.delivery.ambiguous + 1
        if ambiguous > MOST_AMBIGUOUS:
            self._give_up(FinalState.UNKNOWN, reason)
        else:
            self._postpone(reason, ambiguous=ambiguous)

    def _postpone(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        waiting_for: str | None = None,
        ambiguous: int | None = None,
    ) -> None:
        delay = timedelta(seconds=self.dispatcher.retry.delay(self.delivery.attempt, at_least=retry_after))
        due_at = self.dispatcher.clock() + delay
        if self.delivery.expires_at is not None:
            due_at = min(due_at, self.delivery.expires_at)
        self._until_it_holds(
            lambda session: store.postpone(
                session,
                self.delivery.id,
                owner=self.dispatcher.leases.owner,
                due_at=due_at,
                reason=reason,
                waiting_for=waiting_for,
                ambiguous=self.delivery.ambiguous if ambiguous is None else ambiguous,
            )
        )
        self._count("postponed")
        log.warning("outbox.postponed", reason=reason, seconds=round(delay.total_seconds(), 1), **self._ids())

    def _give_up(self, ending: FinalState, reason: str) -> None:
        now = self.dispatcher.clock()

        def write(session: Session) -> None:
            if store.close(session, self.delivery.id, ending, now=now, reason=reason).rows:
                self.route.give_up(session, self.delivery, ending, reason)

        try:
            self._until_it_holds(write)
        except Unavailable:
            raise
        except Exception:
            if self.delivery.starts <= DEADLY_STARTS:
                raise
            # What kept killing its workers may kill the writing of its end as well; it must end all the same.
            log.exception("outbox.end_not_told", ending=ending.value, **self._ids())
            self._until_it_holds(
                lambda session: store.close(
                    session, self.delivery.id, FinalState.DEAD, now=now, reason="crashed_repeatedly"
                )
            )
        self._count(ending.value)
        log.error("outbox.given_up", ending=ending.value, reason=reason, **self._ids())

    def _until_it_holds(self, write: Callable[[Session], object]) -> None:
        pause = 0.1
        while True:
            try:
                self._commit(write)
                return
            except Unavailable as error:
                log.warning("outbox.outcome_not_written_yet", reason=error.reason, **self._ids())
                if self.dispatcher.abandoning.wait(pause):
                    raise
                pause = min(pause * 2, 2.0)

    def _commit(self, write: Callable[[Session], object]) -> None:
        with self.dispatcher.database.begin(tenant(self.delivery.tenant)) as session:
            write(session)
        self.dispatcher.in_flight.release(self.delivery.id)

    def _count(self, outcome: str) -> None:
        metrics.attempts(self.delivery.kind, outcome).inc()

    def _ids(self) -> dict[str, str | int]:
        return {"outbox_id": str(self.delivery.id), "kind": self.delivery.kind, "attempt": self.delivery.attempt}
