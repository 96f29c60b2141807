"""Programs that end are started again, programs that must end do, and none outlives the supervisor. Real processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import process
import pytest
from process import Program, set_aside
from supervisor import CommandFailed, Supervisor

from .conftest import LOCAL, eventually

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
FORKS = "import os, time; os.fork(); print('up', flush=True); time.sleep(60)"


class Clock:
    """Stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def notes():
    return []


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def supervisor(tmp_path, notes, clock):
    supervisor = Supervisor(tmp_path, note=notes.append, clock=clock)
    yield supervisor
    supervisor.stop(list(supervisor.pids()), hurried=lambda: True)


def a_program(code, *, name="program", stop_timeout=10.0):
    command = [sys.executable, "-c", code]
    return Program(name=name, command=command, environment=os.environ, stop_timeout=stop_timeout)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_up(log, times=1):
    return log.exists() and log.read_text().count("up\n") == times


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid))


def test_a_program_that_dies_is_started_again_after_a_pause(supervisor, clock, notes):
    supervisor.start(a_program(SLEEPS))
    (first,) = supervisor.pids()["program"]
    kill(first)

    supervisor.watch()
    assert supervisor.pids() == {}
    clock.now += 0.25
    supervisor.watch()

    (second,) = supervisor.pids()["program"]
    assert second != first
    assert notes == ["program ended with -9, again in 0.2 s"]


def test_the_pause_doubles_up_to_five_seconds_and_starts_anew_after_a_healthy_while(supervisor, clock, notes):
    supervisor.start(a_program(SLEEPS))
    for life in (0, 0, 0, 0, 0, 0, 0, 1.1):
        clock.now += life
        kill(supervisor.pids()["program"][0])
        supervisor.watch()
        clock.now += 5.1
        supervisor.watch()

    pauses = [float(note.split()[-2]) for note in notes]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.2]


def test_a_program_that_keeps_ending_is_named_with_the_end_of_its_log(supervisor, clock):
    supervisor.start(a_program("print('no such setting'); exit(2)"))
    for _ in range(4):
        supervisor.raise_if_hopeless()
        clock.now += 5.1
        supervisor.watch()
        eventually(lambda: supervisor.pids() == {})
        supervisor.watch()

    with pytest.raises(CommandFailed, match=r"^program ended with 2 .*\nno such setting"):
        supervisor.raise_if_hopeless()


def test_what_a_dead_program_leaves_behind_is_ended_before_it_starts_again(supervisor, tmp_path):
    supervisor.start(a_program(FORKS))
    eventually(lambda: is_up(tmp_path / "program.log", times=2))
    parent, child = supervisor.pids()["program"]

    kill(parent)
    supervisor.watch()

    eventually(lambda: not is_alive(child))


def test_stopping_is_a_sigterm_first_and_then_ends_programs_that_ignore_it(supervisor, tmp_path, clock):
    supervisor.start(a_program(SLEEPS, name="polite"))
    supervisor.start(a_program(STUBBORN, name="stubborn", stop_timeout=3.0))
    eventually(lambda: is_up(tmp_path / "stubborn.log"))
    pids = [pid for group in supervisor.pids().values() for pid in group]

    def asked_more_often_than_stop_timeout_lasts():
        clock.now += 0.5
        return False

    supervisor.stop(["polite", "stubborn"], hurried=asked_more_often_than_stop_timeout_lasts)

    assert not any(is_alive(pid) for pid in pids)
    assert clock.now >= 1003.0


def test_a_hurried_stop_does_not_wait(supervisor, tmp_path):
    supervisor.start(a_program(STUBBORN, stop_timeout=1e9))
    eventually(lambda: is_up(tmp_path / "program.log"))

    supervisor.stop(["program"], hurried=lambda: True)

    assert supervisor.pids() == {}


def test_a_stopped_process_can_be_stopped(supervisor, clock):
    supervisor.start(a_program(SLEEPS, stop_timeout=1e9))
    os.kill(supervisor.pids()["program"][0], signal.SIGSTOP)

    supervisor.stop(["program"], hurried=lambda: False)

    assert supervisor.pids() == {}


def test_commands_run_side_by_side_and_a_failure_quotes_the_log(supervisor):
    good = a_program("pass", name="good")
    supervisor.run([good, good], meanwhile=lambda: None)

    with pytest.raises(CommandFailed, match=r"bad ended with 3 .*\nno such file"):
        supervisor.run([good, a_program("print('no such file'); exit(3)", name="bad")], meanwhile=lambda: None)


def test_commands_end_when_the_wait_for_them_is_broken_off(supervisor, tmp_path):
    def give_up():
        if is_up(tmp_path / "command.log"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        supervisor.run([a_program(SLEEPS + " # until killed", name="command")], meanwhile=give_up)

    assert supervisor.pids() == {}


def test_children_die_with_a_supervisor_that_is_killed(tmp_path):
    code = f"""
import sys, time; sys.path.insert(0, {str(LOCAL)!r})
from pathlib import Path
from process import Process, Program
program = Program(name="child", command=[sys.executable, "-c", {SLEEPS!r}], environment={{}})
child = Process(program, Path({str(tmp_path)!r}))
print(*child.pids(), flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        eventually(lambda: is_up(tmp_path / "child.log"))
        parent.kill()
    eventually(lambda: not is_alive(child))


def test_logs_of_the_last_run_are_kept_and_a_growing_one_is_emptied(supervisor, tmp_path, monkeypatch):
    (tmp_path / "program.log").write_text("last run")
    set_aside(tmp_path)
    monkeypatch.setattr(process, "LOG_LIMIT", 1000)
    supervisor.start(a_program("print('x' * 2000, flush=True); import time; time.sleep(60)"))
    assert (tmp_path / "program.log.1").read_text() == "last run"

    eventually(lambda: (tmp_path / "program.log").stat().st_size > 2000)
    supervisor.watch()

    assert (tmp_path / "program.log").stat().st_size == 0
    assert (tmp_path / "program.log.1").stat().st_size == 1000
