"""Signals to processes of our own stack only: their ids come from its stack.json, looked up each time."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Describe = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Blow:
    name: str
    pid: int
    at: float


def pids_of(describe: Describe, name: str) -> list[int]:
    """The processes of this part now; none while it is restarted."""
    found = describe()["pids"].get(name)
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def send(pid: int, number: signal.Signals, *, name: str) -> Blow | None:
    """None when it was gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return Blow(name, pid, time.monotonic())
    return None


@dataclass
class Killer:
    """Strikes one process of one of `names` at random, `times` times, with random pauses, on a thread of its own.

    Of a web server that may be the worker, or the master alone. `also_politely` mixes in SIGINT, which to PostgreSQL
    means a fast shutdown.
    """

    describe: Describe
    names: Sequence[str]
    times: int
    pause: tuple[float, float]
    also_politely: bool = False
    chance: random.Random = field(default_factory=random.Random)
    blows: list[Blow] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Killer":
        self._thread = threading.Thread(target=self._strike, name="killer", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    @property
    def is_done(self) -> bool:
        return self._thread is not None and not self._thread.is_alive()

    def struck_at(self, moment: float, *, names: Sequence[str], within: float) -> bool:
        """Was one of these killed about then?"""
        return any(blow.name in names and abs(blow.at - moment) <= within for blow in self.blows)

    def _strike(self) -> None:
        while len(self.blows) < self.times and not self._stop.wait(self.chance.uniform(*self.pause)):
            self.strike_once()

    def strike_once(self) -> None:
        """Does nothing when no such process runs."""
        name = self.chance.choice(self.names)
        number = self.chance.choice([signal.SIGKILL, signal.SIGINT]) if self.also_politely else signal.SIGKILL
        pids = pids_of(self.describe, name)
        blow = send(self.chance.choice(pids), number, name=name) if pids else None
        if blow is not None:
            self.blows.append(blow)


class Frozen:
    """SIGSTOP for a block; SIGCONT at its end, come what may."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self.at = 0.0

    def __enter__(self) -> "Frozen":
        for pid in self._pids:
            os.kill(pid, signal.SIGSTOP)
        self.at = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
