"""Starts programs, starts them again when they die, and stops them in order."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from process import Process, Program

FIRST_PAUSE = 0.2
MAX_PAUSE = 5.0
HEALTHY_AFTER = 1.0
"""A process that lived that long is started again after the first pause."""

LOOK_EVERY = 0.1
HOPELESS_AFTER = 4
ASK_AGAIN_AFTER = 0.5


class CommandFailed(Exception):
    """A program that must end well did not; the message names it and quotes the end of its log."""

    def __init__(self, process: Process) -> None:
        tail = "\n".join(process.log.read_text(errors="replace").splitlines()[-15:])
        super().__init__(f"{process.program.name} ended with {process.exit_code} (see {process.log}):\n{tail}")


@dataclass
class _Watched:
    program: Program
    process: Process
    since: float
    pause: float = FIRST_PAUSE
    again_at: float | None = None
    early_ends: int = 0


class Supervisor:
    """`note` is called with a line for every restart."""

    def __init__(self, logs: Path, *, note: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._logs = logs
        self._note = note
        self._clock = clock
        self._watched: dict[str, _Watched] = {}

    def start(self, program: Program) -> None:
        self._watched[program.name] = _Watched(program, Process(program, self._logs), self._clock())

    def watch(self) -> None:
        """Plan the restart of processes that ended; start those whose pause is over."""
        for watched in self._watched.values():
            if watched.again_at is None and watched.process.exit_code is not None:
                self._plan_restart(watched)
            elif watched.again_at is not None and self._clock() >= watched.again_at:
                watched.process, watched.since = Process(watched.program, self._logs), self._clock()
                watched.again_at = None
            watched.process.bound_log()

    def _plan_restart(self, watched: _Watched) -> None:
        watched.process.kill_group()
        now = self._clock()
        if now - watched.since >= HEALTHY_AFTER:
            watched.pause, watched.early_ends = FIRST_PAUSE, 0
        watched.early_ends += 1
        self._note(f"{watched.program.name} ended with {watched.process.exit_code}, again in {watched.pause:.1f} s")
        watched.again_at = now + watched.pause
        watched.pause = min(watched.pause * 2, MAX_PAUSE)

    def raise_if_hopeless(self) -> None:
        """Raises CommandFailed when a process keeps ending: while a system starts, its settings are wrong."""
        for watched in self._watched.values():
            if watched.early_ends >= HOPELESS_AFTER:
                raise CommandFailed(watched.process)

    def pids(self) -> dict[str, list[int]]:
        """The processes that run now, by name."""
        alive = (watched for watched in self._watched.values() if watched.process.exit_code is None)
        return {watched.program.name: watched.process.pids() for watched in alive}

    def run(self, programs: Iterable[Program], *, meanwhile: Callable[[], None]) -> None:
        """Run commands side by side to their end; raises CommandFailed. None is left running."""
        processes = [Process(program, self._logs) for program in programs]
        try:
            while any(process.exit_code is None for process in processes):
                meanwhile()
                time.sleep(LOOK_EVERY / 2)
        finally:
            for process in processes:
                process.kill_group()
        for process in processes:
            if process.exit_code != 0:
                raise CommandFailed(process)

    def stop(self, names: Sequence[str], *, hurried: Callable[[], bool]) -> None:
        """SIGTERM for all of them, repeatedly; SIGKILL after `stop_timeout`. Returns when all are gone."""
        leaving = [watched for name in names if (watched := self._watched.pop(name, None))]
        start, asked_at = self._clock(), None
        while leaving:
            now = self._clock()
            if asked_at is None or now - asked_at >= ASK_AGAIN_AFTER:
                asked_at = now
                for watched in leaving:
                    watched.process.terminate()
            for watched in leaving:
                if hurried() or now - start > watched.program.stop_timeout or watched.process.exit_code is not None:
                    watched.process.kill_group()
            leaving = [watched for watched in leaving if watched.process.exit_code is None]
            time.sleep(LOOK_EVERY / 5 if leaving else 0)
