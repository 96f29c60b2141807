"""One child process in a group of its own, with its output in a log file; it ends with this process."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOG_LIMIT = 16 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run; `stop_timeout` is the seconds between SIGTERM and SIGKILL."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_timeout: float = 35.0


class Process:
    """A started program. Start it in the main thread: the kernel ends a child when the *thread* that began it ends."""

    def __init__(self, program: Program, logs: Path) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        parent = os.getpid()
        with self.log.open("ab") as output:
            self._popen = subprocess.Popen(
                program.command,
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C in the terminal is for us alone
                preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509 - takes no locks
            )

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def pids(self) -> list[int]:
        """The process and its own children, such as a web server's workers."""
        pid = self._popen.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except OSError:
            return [pid]
        return [pid, *map(int, children.split())]

    def terminate(self) -> None:
        """Send SIGTERM to the whole group, and SIGCONT, so that a stopped process receives it.

        A web worker that gets it twice does not serve for another five seconds: no client has to be redirected.
        """
        if self.exit_code is None:
            os.killpg(self._popen.pid, signal.SIGTERM)
            os.killpg(self._popen.pid, signal.SIGCONT)

    def kill_group(self) -> None:
        """Send SIGKILL to the whole group; also after the process has ended, so that its port is free."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def bound_log(self) -> None:
        """Move a log that is too long to `.1` and empty it. The child appends, so this is safe."""
        if self.log.stat().st_size > LOG_LIMIT:
            _older(self.log).write_bytes(self.log.read_bytes()[-LOG_LIMIT:])
            os.truncate(self.log, 0)


def set_aside(logs: Path) -> None:
    """Keep the last run's logs as `.1`, drop those before."""
    logs.mkdir(parents=True, exist_ok=True)
    for log in logs.glob("*.log"):
        if not log.is_symlink():
            log.replace(_older(log))


def _older(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def _die_with(parent: int) -> None:
    """Runs in the child before its program: the kernel sends SIGKILL when the parent has ended."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
