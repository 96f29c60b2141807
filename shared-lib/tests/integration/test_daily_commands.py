"""Daily commands run until they are stopped, and their last success is seen."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from shared_lib.clock import utc_now
from shared_lib.daily_commands import LastSuccessCollector, record_success
from shared_lib.database.engine import Database

COMMANDS = ["audit verify", "retention run"]
NAME = "daily_command_last_success_timestamp_seconds"


def last_successes(database: Database) -> dict[str, float]:
    (metric,) = LastSuccessCollector(database, COMMANDS).collect()
    assert metric.name == NAME
    return {sample.labels["command"]: sample.value for sample in metric.samples}


def test_the_newest_success_counts_and_a_command_without_one_is_there(database: Database) -> None:
    now = utc_now()
    for days in (2, 1, 3):
        record_success(database, "retention run", at=now - timedelta(days=days))

    newest = (now - timedelta(days=1)).timestamp()
    assert last_successes(database) == {
        "audit verify": 0.0,
        "retention run": pytest.approx(newest, abs=1e-3),
    }


def test_a_database_that_does_not_answer_gives_a_gap() -> None:
    nobody = Database.open("postgresql://nobody@127.0.0.1:1/nothing")

    assert list(LastSuccessCollector(nobody, COMMANDS).collect()) == []


PACKAGE = """
import pathlib, signal, sys, time
done = pathlib.Path(sys.argv[1]).open("a")
print(" ".join(sys.argv[2:]), file=done, flush=True)
if "fails" in sys.argv:
    sys.exit(1)
if "lasts" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: (print("stopped", file=done, flush=True), sys.exit(0)))
    signal.pause()
"""
SCHEDULER = (
    "import sys; from shared_lib.scheduler import run; sys.exit(run('job', sys.argv[1:], every=3600, retry=0.01))"
)


@pytest.fixture
def scheduler(tmp_path: Path) -> Callable[..., tuple[subprocess.Popen[bytes], Callable[[], list[str]]]]:
    """Starts a scheduler of these commands; returns its process, and what its commands have written."""
    (tmp_path / "job.py").write_text(PACKAGE)
    done = tmp_path / "done"
    done.touch()

    def start(*commands: str) -> tuple[subprocess.Popen[bytes], Callable[[], list[str]]]:
        arguments = [sys.executable, "-c", SCHEDULER, *(f"{done} {command}" for command in commands)]
        return subprocess.Popen(arguments, cwd=tmp_path), lambda: done.read_text().splitlines()

    return start


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_every_command_runs_at_once_and_a_failed_one_again(
    scheduler: Callable[..., tuple[subprocess.Popen[bytes], Callable[[], list[str]]]],
) -> None:
    process, written = scheduler("fails", "runs daily")
    eventually(lambda: written().count("fails") >= 3)
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0
    assert written().count("runs daily") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_scheduler_and_the_command_that_runs(
    scheduler: Callable[..., tuple[subprocess.Popen[bytes], Callable[[], list[str]]]], number: signal.Signals
) -> None:
    process, written = scheduler("lasts")
    eventually(lambda: "lasts" in written())
    process.send_signal(number)

    assert process.wait(10) == 0
    assert written() == ["lasts", "stopped"]
