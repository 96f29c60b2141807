"""A command finds the running stack by itself when there is only one."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import LOCAL

STACK = """
import sys, pathlib
from data_directory import locked, write_description
data = pathlib.Path(sys.argv[1])
with locked(data):
    write_description(data, {"gateway": sys.argv[1]})
    print("up", flush=True)
    sys.stdin.read()
"""
COMMAND = """
import argparse
import running_stack
parser = argparse.ArgumentParser()
running_stack.add_option(parser)
print(running_stack.description(parser, parser.parse_args())["gateway"])
"""


class Machine:
    """Stacks and commands that share a temporary directory."""

    def __init__(self, temporary: Path) -> None:
        self._environment = {"PYTHONPATH": str(LOCAL), "TMPDIR": str(temporary)}

    @contextmanager
    def stack(self, data: Path) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [sys.executable, "-c", STACK, str(data)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
            process.communicate()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", COMMAND, *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_only_running_stack_needs_no_name(machine, tmp_path):
    with machine.stack(tmp_path / "one"):
        assert machine.command().stdout.strip() == str(tmp_path / "one")


def test_of_two_stacks_one_must_be_named(machine, tmp_path):
    with machine.stack(tmp_path / "one"), machine.stack(tmp_path / "two"):
        unnamed = machine.command()
        named = machine.command("--data-dir", str(tmp_path / "two"))

    assert unnamed.returncode == 2
    assert f"{tmp_path / 'one'}" in unnamed.stderr
    assert f"{tmp_path / 'two'}" in unnamed.stderr
    assert named.stdout.strip() == str(tmp_path / "two")


def test_a_stack_that_was_killed_does_not_count(machine, tmp_path):
    with machine.stack(tmp_path / "killed") as process:
        process.kill()
        process.wait()
        with machine.stack(tmp_path / "one"):
            assert machine.command().stdout.strip() == str(tmp_path / "one")


def test_without_a_stack_the_command_says_so(machine, tmp_path):
    with machine.stack(tmp_path / "one"):
        pass

    assert "no system is running: start it with `make run`" in machine.command().stderr
    assert f"no system is running on {tmp_path}" in machine.command("--data-dir", str(tmp_path)).stderr


@pytest.mark.parametrize("name", ["two words", "it's"])
def test_the_advice_names_the_directory_as_a_shell_needs_it(machine, tmp_path, name):
    advice = machine.command("--data-dir", str(tmp_path / name)).stderr

    assert f"start it with `make run DATA={shlex.quote(str(tmp_path / name))}`" in advice


def test_a_directory_that_is_a_file_runs_no_system(machine, tmp_path):
    (tmp_path / "file").touch()

    assert "no system is running on" in machine.command("--data-dir", str(tmp_path / "file")).stderr


def test_a_registry_of_another_kind_ends_in_a_sentence(machine, tmp_path):
    (tmp_path / f"pause-notices-{os.geteuid()}").touch()

    answer = machine.command()

    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def test_an_entry_whose_directory_became_a_file_does_not_count(machine, tmp_path):
    with machine.stack(tmp_path / "gone") as process:
        process.kill()
        process.wait()
        shutil.rmtree(tmp_path / "gone")
        (tmp_path / "gone").touch()

        assert "no system is running" in machine.command().stderr
