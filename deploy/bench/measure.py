"""Rounds: the floor, ours, the floor, ours …, so that whatever else this machine does falls upon both."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .processes import cpu_seconds


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One side of one round. CPU is in milliseconds per request; None where it was not asked for."""

    value: float
    service_ms: float | None = None
    database_ms: float | None = None
    load_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class Bar:
    """What a row must reach: a ratio to the floor, or (`is_ratio` False) a value of its own."""

    limit: float
    at_least: bool = True
    is_ratio: bool = True

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}{' x' if self.is_ratio else ''}"

    def holds(self, found: float) -> bool:
        return found >= self.limit if self.at_least else found <= self.limit


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table; `floor` is empty for what has none."""

    name: str
    unit: str
    bar: Bar | None
    ours: list[Sample]
    floor: list[Sample] = field(default_factory=list)

    @property
    def ratio(self) -> float | None:
        """Of the medians."""
        return median(self.ours) / median(self.floor) if self.floor else None

    @property
    def ratios(self) -> list[float]:
        """Of every round."""
        return [ours.value / floor.value for ours, floor in zip(self.ours, self.floor, strict=True)]

    @property
    def holds(self) -> bool | None:
        if self.bar is None:
            return None
        found = self.ratio if self.bar.is_ratio else median(self.ours)
        return found is not None and self.bar.holds(found)


def median(samples: Iterable[Sample]) -> float:
    return statistics.median(sample.value for sample in samples)


def in_turn(rounds: int, floor: Callable[[int], Sample], ours: Callable[[int], Sample]) -> dict[str, list[Sample]]:
    """Both sides of every round, after one of each that does not count."""
    floor(0), ours(0)
    pairs = [(floor(number), ours(number)) for number in range(1, rounds + 1)]
    return {"floor": [pair[0] for pair in pairs], "ours": [pair[1] for pair in pairs]}


class Costs:
    """A block whose processor time is measured: `with Costs(…) as costs: …`, then `costs.sample(value, count)`."""

    def __init__(self, *, service: Iterable[int], database: Iterable[int]) -> None:
        self._service, self._database = list(service), list(database)
        self._spent: list[float] = []

    def __enter__(self) -> "Costs":
        self._spent = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        self._spent = [after - before for before, after in zip(self._spent, self._now(), strict=True)]

    def sample(self, value: float, count: int) -> Sample:
        """The value with what each of `count` requests cost."""
        service, database, load = (seconds * 1000 / count for seconds in self._spent)
        return Sample(value=value, service_ms=service, database_ms=database, load_ms=load)

    def _now(self) -> list[float]:
        return [cpu_seconds(self._service), cpu_seconds(self._database), time.process_time()]
