"""Runs the daily commands of a service: `python -m shared_lib.scheduler PACKAGE "retention run" ...`.

It imports the standard library only, because it sleeps nearly all the time. Each command is a process of its own, and
may be repeated and interrupted at any moment; so any number of schedulers may run.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

EVERY_SECONDS = 24 * 3600.0
RETRY_SECONDS = 600.0


def run(package: str, commands: Sequence[str], *, every: float = EVERY_SECONDS, retry: float = RETRY_SECONDS) -> int:
    """Run all commands now, and again after `every` seconds, or `retry` after a failure. Returns 0 after SIGTERM."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    due = {command: time.monotonic() for command in commands}
    try:
        while True:
            command = min(due, key=due.__getitem__)
            time.sleep(max(0.0, due[command] - time.monotonic()))
            failed = _exit_code(package, command) != 0
            due[command] = time.monotonic() + (retry if failed else every)
    except KeyboardInterrupt:
        return 0


def _exit_code(package: str, command: str) -> int:
    """The command's own; one that is interrupted ends first."""
    with subprocess.Popen([sys.executable, "-m", package, *command.split()]) as process:  # noqa: S603 - our own words
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            raise


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
