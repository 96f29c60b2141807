"""Ctrl-C, SIGTERM and a closed terminal, as a state that the steps of a start check."""

import signal
from types import FrameType


class Interrupted(Exception):
    """The stack was asked to stop."""


class Interruption:
    def __init__(self) -> None:
        self._times = 0

    @classmethod
    def installed(cls) -> "Interruption":
        interruption = cls()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interruption._count)
        return interruption

    def _count(self, _number: int, _frame: FrameType | None) -> None:
        self._times += 1

    def check(self) -> None:
        if self._times:
            raise Interrupted

    def is_hurried(self) -> bool:
        return self._times > 1
