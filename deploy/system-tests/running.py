"""The local stack for tests: starts the command, reads its stack.json, stops it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

REPOSITORY = Path(__file__).resolve().parents[2]
STACK = REPOSITORY / "deploy" / "local" / "stack.py"
PORTS = 5
START_WITHIN = 90.0
STOP_WITHIN = 45.0

TICKS = os.sysconf("SC_CLK_TCK")
T = TypeVar("T")


def eventually(look: Callable[[], T], *, within: float = 20.0, every: float = 0.1) -> T:
    """Look until there is something to see, and answer it; fails when there is nothing in time."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing within {within} s"
        time.sleep(every)
    return seen


class Stack:
    """Started on ports of its own.

    `seconds` is how long it took until READY, less what other people's processes took of this machine meanwhile.
    """

    def __init__(self, data: Path, *options: str, settings: dict[str, str] | None = None) -> None:
        self.data = data
        self.port_base = _free_port_base()
        command = [sys.executable, str(STACK), "--data-dir", str(data), "--port-base", str(self.port_base), *options]
        data.parent.mkdir(parents=True, exist_ok=True)
        self.output = data.parent / f"{data.name}.out"
        start, busy = time.monotonic(), _busy_seconds()
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(settings or {})}
            )
        try:
            eventually(self._is_ready, within=START_WITHIN, every=0.05)
        except BaseException:
            self.kill()
            raise
        others = _busy_seconds() - busy - sum(_seconds_of(pid) for pid in self.family())
        self.seconds = time.monotonic() - start - max(others, 0) / (os.cpu_count() or 1)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (
            f"the stack ended with {self.process.returncode}:\n{self.output.read_text()}"
        )
        return self.output.read_text().endswith("\nREADY\n")

    @property
    def description(self) -> dict[str, Any]:
        """stack.json as it is now."""
        description: dict[str, Any] = json.loads((self.data / "stack.json").read_text())
        return description

    @property
    def pids(self) -> list[int]:
        """Every process that stack.json names."""
        listed = [pids if isinstance(pids, list) else [pids] for pids in self.description["pids"].values()]
        return [pid for pids in listed for pid in pids]

    def family(self) -> list[int]:
        """The stack's own process and all its descendants, by what the kernel says."""
        parents = dict(_parents())
        family = [self.process.pid]
        for pid in family:
            family.extend(child for child, parent in parents.items() if parent == pid)
        return family

    def interrupt(self) -> int:
        """Send Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_WITHIN)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(STOP_WITHIN)


def is_alive(pid: int) -> bool:
    state = _stat(pid)
    return state is not None and state[0] != "Z"


def _parents() -> list[tuple[int, int]]:
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return [(pid, int(state[1])) for pid in pids if (state := _stat(pid))]


def _stat(pid: int) -> list[str] | None:
    """State and parent, and what else comes after the name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _busy_seconds() -> float:
    """Processor time that all processes of this machine have used so far."""
    user, nice, system, *_ = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    return (int(user) + int(nice) + int(system)) / TICKS


def _seconds_of(pid: int) -> float:
    """Processor time that a process, and the children it has seen end, have used so far."""
    return sum(int(ticks) for ticks in (_stat(pid) or [])[11:15]) / TICKS


def _free_port_base() -> int:
    for base in range(20000 + os.getpid() % 10000, 60000, PORTS):
        if all(_is_free(base + number) for number in range(PORTS)):
            return base
    raise AssertionError("no five free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
