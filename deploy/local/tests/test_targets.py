"""`make run` and the targets that speak to it: any directory, and a sentence where one cannot be used."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from interpreter import REPOSITORY
from readiness import is_free
from ready import ready_block

from .conftest import LOCAL

STUB = """#!/bin/sh
exec {python} -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"
"""
NAMES = ["two words", "it's", 'a "quote"', "-dash", "semi;colon", "*"]


@pytest.fixture
def make(tmp_path: Path):
    """Runs `make` with a Python that prints its arguments; returns the result."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUB.format(python=sys.executable))
    python.chmod(0o755)
    (tmp_path / "venv" / "installed").touch()

    def run(*arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
        command = ["make", "-s", "-f", str(REPOSITORY / "Makefile"), f"VENV={tmp_path / 'venv'}", *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", ["run", "demo", "token", "cli"])
def test_a_directory_may_have_any_name(make, target, name):
    result = make(target, f"DATA=/data/{name}", "SERVICE=orchestrator", "ARGS=outbox list")

    assert f"--data-dir=/data/{name}" in json.loads(result.stdout)


def test_without_a_name_make_run_takes_its_own_directory_and_the_others_none(make):
    assert json.loads(make("run").stdout)[1:] == ["--data-dir=.stack", "--port-base=8100"]
    assert "--data-dir" not in make("demo").stdout


@pytest.mark.parametrize("name", NAMES)
def test_make_clean_removes_the_named_data_and_nothing_else(make, tmp_path, name):
    for directory in (name, *name.split(), "kept"):
        (tmp_path / directory).mkdir(exist_ok=True)
        (tmp_path / directory / "stack.lock").touch()

    assert make("clean", "INTEROP=interop", f"DATA={tmp_path / name}", cwd=tmp_path).returncode == 0

    assert not (tmp_path / name).exists()
    assert (tmp_path / "kept").exists()
    assert all((tmp_path / part).exists() for part in name.split() if part != name)


def test_make_clean_leaves_a_directory_that_holds_no_system(make, tmp_path):
    (tmp_path / "home").mkdir()

    result = make("clean", "INTEROP=interop", f"DATA={tmp_path / 'home'}", cwd=tmp_path)

    assert (tmp_path / "home").exists()
    assert result.returncode != 0
    assert "home" in result.stderr


DESCRIPTION: dict[str, Any] = {
    **dict.fromkeys(("gateway", "orchestrator", "notification", "acknowledgement", "logs"), "x"),
    "smtp": None,
    "mailbox": None,
}


@pytest.mark.parametrize("name", ["two words", "it's", "a$b", "plain"])
def test_the_printed_hints_work_in_a_shell(make, tmp_path, name):
    data = tmp_path / name
    hints = [part for part in ready_block(DESCRIPTION, data=data, sample=False).split("`") if part.startswith("make ")]

    assert len(hints) == 2
    for hint in hints:
        shell = f"{hint.replace('…', 'x')} -s -f {REPOSITORY}/Makefile VENV={tmp_path / 'venv'}"
        result = subprocess.run(["sh", "-c", shell], cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert f"--data-dir={data}" in json.loads(result.stdout)


def test_the_hints_of_the_usual_directory_are_short():
    assert "DATA=" not in ready_block(DESCRIPTION, data=REPOSITORY / ".stack", sample=False)


def stack(data: Path, port: int | None = None) -> subprocess.CompletedProcess[str]:
    base = port or next(first for first in range(18_400, 30_000, 10) if all(map(is_free, range(first, first + 5))))
    command = [sys.executable, str(LOCAL / "stack.py"), "--data-dir", str(data), "--port-base", str(base)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


UNUSABLE = {
    "a file": lambda data: data.touch(),
    "below a file": lambda data: data.parent.touch(),
    "a lock that is a directory": lambda data: (data / "stack.lock").mkdir(parents=True),
    "a description that is a directory": lambda data: (data / "stack.json").mkdir(parents=True),
    "logs that are a file": lambda data: (data.mkdir(), (data / "logs").touch()),
    "keys that are a file": lambda data: (data.mkdir(), (data / "keys").touch()),
    "a database that is a file": lambda data: (data.mkdir(), (data / "postgres").touch()),
    "a link to nowhere": lambda data: data.symlink_to("/proc/nothing/there"),
    "a name that is too long": lambda data: None,
    "a file system that takes none": lambda data: None,
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_directory_that_cannot_be_used_ends_in_a_sentence(tmp_path, kind):
    data = {
        "below a file": tmp_path / "file" / "data",
        "a name that is too long": tmp_path / ("x" * 300),
        "a file system that takes none": Path("/proc/stack"),
    }.get(kind, tmp_path / "data")
    UNUSABLE[kind](data)

    result = stack(data)

    assert result.returncode == 1
    assert result.stderr.startswith("stack: ")
    assert "Traceback" not in result.stderr
    assert str(data.resolve()) in result.stderr


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = stack(tmp_path / "data", port)

    assert result.returncode == 1
    assert f"Port {port} (gateway) is taken" in result.stderr
    assert "PORT=" in result.stderr
