"""The time-outs of a transaction, usual and while the database is in trouble."""

import time

import pytest
from shared_lib import deadline
from shared_lib.database.adaptive_timeouts import MIN_TRANSACTION, TROUBLE_SECONDS, AdaptiveTimeouts, Timeouts
from shared_lib.errors import Unavailable


@pytest.fixture
def timeouts() -> AdaptiveTimeouts:
    return AdaptiveTimeouts(lock=2.0, statement=5.0, whole=2.5)


def limits_with(timeouts: AdaptiveTimeouts, *, left: float) -> Timeouts | None:
    with deadline.at(time.monotonic() + left):
        return timeouts.limits()


def test_the_usual_limits_apply_to_a_request_that_has_time(timeouts: AdaptiveTimeouts) -> None:
    assert timeouts.limits() is None
    assert limits_with(timeouts, left=3.2) is None


def test_a_request_that_has_queued_waits_less(timeouts: AdaptiveTimeouts) -> None:
    limits = limits_with(timeouts, left=2.2)

    assert limits is not None
    assert limits.whole == pytest.approx(2.2, abs=0.1)
    assert (limits.lock, limits.statement) == (2.0, limits.whole)


def test_queueing_alone_refuses_no_request(timeouts: AdaptiveTimeouts) -> None:
    assert limits_with(timeouts, left=-10) == Timeouts(
        lock=MIN_TRANSACTION, statement=MIN_TRANSACTION, whole=MIN_TRANSACTION
    )


def test_in_trouble_waits_for_locks_are_short_and_the_transaction_ends_before_the_deadline(
    timeouts: AdaptiveTimeouts,
) -> None:
    timeouts.record_trouble()
    limits = limits_with(timeouts, left=0.5)

    assert limits is not None
    assert limits.lock == pytest.approx(0.5, abs=0.1)
    assert limits.whole == pytest.approx(0.5, abs=0.1)


def test_in_trouble_a_request_past_its_deadline_is_refused_at_once(timeouts: AdaptiveTimeouts) -> None:
    timeouts.record_trouble()

    with pytest.raises(Unavailable):
        limits_with(timeouts, left=0)


def test_trouble_does_not_prolong_itself() -> None:
    now = 1000.0
    timeouts = AdaptiveTimeouts(lock=2.0, statement=5.0, whole=2.5, monotonic=lambda: now)
    timeouts.record_trouble()
    now += TROUBLE_SECONDS - 0.1
    timeouts.record_trouble()
    now += 0.2

    assert timeouts.limits() is None


def test_without_a_transaction_limit_none_is_set() -> None:
    """The transactions of a relay belong to no request."""
    timeouts = AdaptiveTimeouts(lock=2.0, statement=30.0, whole=0)
    before = limits_with(timeouts, left=0.1)
    timeouts.record_trouble()
    limits = timeouts.limits()

    assert before is None
    assert limits is not None
    assert limits.whole == 0
