"""Every documented operation of every service, asked by schemathesis as each role: `make test-fuzz EXAMPLES=300`.

A system of its own with the sample's people is started for it. Exit code 1 when any check fails.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keys import mint
from running import Stack

HERE = Path(__file__).parent
SERVICES = ("orchestrator", "notification", "acknowledgement")
PEOPLE: dict[str, tuple[str, str | None]] = {
    "coordinator": ("coord_9f8e7d6c", "nhf"),
    "org_admin": ("nhf-admin", "nhf"),
    "global_admin": ("root", None),
}
ANYBODY = "anybody"
"""Without a token: where the contract says Public."""


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        stack = Stack(Path(directory) / "stack", settings={"ANONYMOUS_NOTICE_LIMIT": "0"})
        try:
            failures = [
                (service, role, seed)
                for service in SERVICES
                for role in options.roles
                for seed in options.seeds
                if not _passes(stack.description, service, role, seed, options.examples)
            ]
            stack.interrupt()
        finally:
            stack.kill()
    print(f"{len(failures)} runs with failures" if failures else "No failures")
    return 1 if failures else 0


def _passes(description: dict[str, Any], service: str, role: str, seed: int, examples: int) -> bool:
    begun = time.monotonic()
    done = subprocess.run(
        _command(description, service, role, seed, examples),
        env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "hooks"},
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line.strip() for line in done.stdout.splitlines()]
    cases = next((line for line in said if " generated" in line), "nothing was generated")
    print(f"{service} as {role}, seed {seed}: {cases} in {time.monotonic() - begun:.0f} s", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", flush=True)
    return done.returncode == 0


def _command(description: dict[str, Any], service: str, role: str, seed: int, examples: int) -> list[str]:
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
    ]
    command += [f"{description[service]}/openapi.json", "--url", description[service], "--checks", "all"]
    command += ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(examples), "--seed", str(seed)]
    command += ["--continue-on-failure", "--warnings", "off", "--exclude-path-regex", "^/internal"]
    if role != ANYBODY:
        subject, organisation = PEOPLE[role]
        token = mint(description, role=role, subject=subject, organisation=organisation)
        command += ["--header", f"Authorization: Bearer {token}"]
    return command


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=300, help="for each operation")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--roles", nargs="+", choices=[*PEOPLE, ANYBODY], default=[*PEOPLE, ANYBODY])
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
