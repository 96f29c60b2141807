"""What a transaction may take, in ordinary times and in trouble."""

import time

import pytest
from shared_lib import deadline
from shared_lib.database.adaptive_timeouts import MIN_TRANSACTION, TROUBLE_SECONDS, AdaptiveTimeouts, Timeouts
from shared_lib.errors import Unavailable


@pytest.fixture
def patience() -> AdaptiveTimeouts:
    return AdaptiveTimeouts(lock=2.0, statement=5.0, whole=2.5)


def limits_with(patience: AdaptiveTimeouts, *, left: float) -> Timeouts | None:
    with deadline.at(time.monotonic() + left):
        return patience.limits()


def test_the_usual_limits_hold_for_whoever_has_time(patience: AdaptiveTimeouts) -> None:
    assert patience.limits() is None
    assert limits_with(patience, left=3.2) is None


def test_whoever_has_queued_waits_less(patience: AdaptiveTimeouts) -> None:
    limits = limits_with(patience, left=2.2)

    assert limits is not None
    assert limits.whole == pytest.approx(2.2, abs=0.1)
    assert (limits.lock, limits.statement) == (2.0, limits.whole)


def test_a_queue_alone_refuses_nobody(patience: AdaptiveTimeouts) -> None:
    assert limits_with(patience, left=-10) == Timeouts(
        lock=MIN_TRANSACTION, statement=MIN_TRANSACTION, whole=MIN_TRANSACTION
    )


def test_in_trouble_locks_are_waited_for_briefly_and_the_whole_stays_before_the_deadline(
    patience: AdaptiveTimeouts,
) -> None:
    patience.note_trouble()
    limits = limits_with(patience, left=0.5)

    assert limits is not None
    assert limits.lock == pytest.approx(0.5, abs=0.1)
    assert limits.whole == pytest.approx(0.5, abs=0.1)


def test_in_trouble_a_request_whose_time_is_over_is_refused_at_once(patience: AdaptiveTimeouts) -> None:
    patience.note_trouble()

    with pytest.raises(Unavailable):
        limits_with(patience, left=0)


def test_trouble_does_not_prolong_itself(patience: AdaptiveTimeouts, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    patience.note_trouble()
    now += TROUBLE_SECONDS - 0.1
    patience.note_trouble()
    now += 0.2

    assert patience.limits() is None


def test_where_no_whole_is_set_none_appears() -> None:
    """A relay's transactions have no request behind them."""
    patience = AdaptiveTimeouts(lock=2.0, statement=30.0, whole=0)
    before = limits_with(patience, left=0.1)
    patience.note_trouble()
    limits = patience.limits()

    assert before is None
    assert limits is not None
    assert limits.whole == 0
