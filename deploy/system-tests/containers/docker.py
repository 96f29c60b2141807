"""The commands `docker` and `docker compose`, whichever way the latter is installed."""

import json
import subprocess
from functools import cache
from typing import Any


class DockerFailed(AssertionError):
    """A command ended badly; the message has its output."""


def run(command: list[str], **options: Any) -> str:
    """What it prints; raises DockerFailed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise DockerFailed(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return str(done.stdout)


def docker(*arguments: str) -> str:
    return run(["docker", *arguments])


def inspect(name: str) -> dict[str, Any]:
    """Of a container or an image."""
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]
    return found


@cache
def compose_command() -> tuple[str, ...]:
    question = ["docker", "compose", "version"]
    plugin = subprocess.run(question, capture_output=True, check=False)
    return ("docker", "compose") if plugin.returncode == 0 else ("docker-compose",)
