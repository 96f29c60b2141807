"""An allowance is a number of requests per minute and key, refilled steadily."""

import pytest
from shared_lib.config import BadSetting, Settings
from shared_lib.rate_limit import Allowance, RateLimits, Throttle

KARI, OLA = ("principal", "kari"), ("principal", "ola")


class Timer:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


def test_a_minutes_worth_may_come_at_once_and_not_one_more(timer: Timer) -> None:
    allowance = Allowance(30, monotonic=timer)
    assert [allowance.take(KARI) for _ in range(31)] == [0] * 30 + [2]
    assert allowance.take(OLA) == 0


def test_it_refills_steadily_and_retry_after_is_exact(timer: Timer) -> None:
    allowance = Allowance(30, monotonic=timer)
    for _ in range(30):
        allowance.take(KARI)
    wait = allowance.take(KARI)
    timer.now += wait
    assert [allowance.take(KARI) for _ in range(2)] == [0, 2]
    timer.now += 3600
    assert [allowance.take(KARI) for _ in range(31)] == [0] * 30 + [2]


def test_a_refused_request_is_not_counted(timer: Timer) -> None:
    allowance = Allowance(1, monotonic=timer)
    assert [allowance.take(KARI) for _ in range(20)] == [0] + [60] * 19


def test_keys_with_a_full_allowance_are_deleted(timer: Timer) -> None:
    allowance = Allowance(60, monotonic=timer)
    for number in range(1000):
        allowance.take(("address", str(number)))
    timer.now += 61
    allowance.take(KARI)
    assert len(allowance) == 1


def test_an_organisation_has_one_allowance_for_all_its_principals(timer: Timer) -> None:
    throttle = Throttle(RateLimits(per_principal=10, per_organisation=3), monotonic=timer)
    assert [throttle.take(("principal", str(number)), "nhf") for number in range(5)] == [0, 0, 0, 20, 20]
    assert throttle.take(KARI, "lhl") == 0
    assert throttle.take(KARI, None) == 0


def test_zero_does_not_limit(timer: Timer) -> None:
    throttle = Throttle(RateLimits(), monotonic=timer)
    assert {throttle.take(KARI, "nhf") for _ in range(10_000)} == {0}


@pytest.mark.parametrize("setting", ["RATE_LIMIT_PRINCIPAL", "RATE_LIMIT_ORGANISATION", "TRUSTED_PROXIES"])
@pytest.mark.parametrize("value", ["-1", "many", "1.5"])
def test_a_wrong_setting_is_named(setting: str, value: str) -> None:
    with pytest.raises(BadSetting, match=setting):
        RateLimits.from_settings(Settings({setting: value}))
