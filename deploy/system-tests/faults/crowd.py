"""The people of the drills: organisations of their own, with a new mentor for every event."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

MENTORS_EACH = 10
"""Mentors per coordinator."""
DOMAIN = "faults.example"


@dataclass
class Organisation:
    """Hands out its mentors one by one: one event per mentor, so that each mail belongs to one event."""

    name: str
    size: int
    _given: int = 0
    _lock: Lock = field(default_factory=Lock)

    def mentor(self) -> str:
        """A mentor who was not handed out before."""
        with self._lock:
            if self._given >= self.size:
                raise LookupError(f"{self.name} has no more than {self.size} mentors; start with more")
            self._given += 1
            return f"{self.name}-m{self._given:05}"

    def mentors(self, count: int) -> list[str]:
        return [self.mentor() for _ in range(count)]

    def coordinator_of(self, mentor: str) -> str:
        return f"{self.name}-c{(int(mentor[-5:]) - 1) // MENTORS_EACH:05}"

    def lines(self) -> Iterator[list[str]]:
        """As a directory file has them."""
        yield ["organisation", self.name, "", self.name.title(), "", "", ""]
        yield ["admin", f"{self.name}-admin", self.name, "Admin", address_of(f"{self.name}-admin"), "", ""]
        for number in range((self.size + MENTORS_EACH - 1) // MENTORS_EACH):
            chapter, coordinator = f"{self.name}-ch{number:05}", f"{self.name}-c{number:05}"
            yield ["chapter", chapter, self.name, f"Chapter {number}", "", "", ""]
            yield ["coordinator", coordinator, self.name, "Coordinator", address_of(coordinator), "", ""]
            yield ["assignment", coordinator, self.name, "", "", chapter, "true"]
        for number in range(self.size):
            mentor, chapter = f"{self.name}-m{number + 1:05}", f"{self.name}-ch{number // MENTORS_EACH:05}"
            yield ["mentor", mentor, self.name, "Mentor", address_of(mentor), chapter, ""]


def address_of(person: str) -> str:
    return f"{person}@{DOMAIN}"


def import_crowd(description: Mapping[str, Any], organisations: list[Organisation], file: Path) -> None:
    """Load them as an administrator would, from a file."""
    with file.open("w", newline="") as output:
        lines = csv.writer(output)
        lines.writerow(["record", "id", "organisation", "name", "email", "chapters", "primary"])
        for organisation in organisations:
            lines.writerows(organisation.lines())
    command = [sys.executable, "-m", "orchestrator_service", "directory", "import", str(file)]
    settings = {**os.environ, **description["settings"]["orchestrator"]}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"the import of the crowd failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
