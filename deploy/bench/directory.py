"""The people of the measurements: one organisation, ten mentors to a coordinator."""

import csv
from collections.abc import Iterator
from pathlib import Path

ORGANISATION = "bench"
MENTORS = 2000
MENTORS_EACH = 10
"""Mails to one person leave one after the other, so each person must get few."""

ADMIN = f"{ORGANISATION}-admin"


def mentor(number: int) -> str:
    return f"{ORGANISATION}-m{number % MENTORS:05}"


def coordinator(number: int) -> str:
    """The one who is responsible for the mentor of this number."""
    return f"{ORGANISATION}-c{number % MENTORS // MENTORS_EACH:05}"


def write(file: Path) -> None:
    """As a directory file has them."""
    with file.open("w", newline="") as output:
        lines = csv.writer(output)
        lines.writerow(["record", "id", "organisation", "name", "email", "chapters", "primary"])
        lines.writerows(_lines())


def _lines() -> Iterator[list[str]]:
    yield ["organisation", ORGANISATION, "", "Benchmark", "", "", ""]
    yield ["admin", ADMIN, ORGANISATION, "Admin", _address(ADMIN), "", ""]
    for number in range(0, MENTORS, MENTORS_EACH):
        chapter, who = f"{ORGANISATION}-ch{number:05}", coordinator(number)
        yield ["chapter", chapter, ORGANISATION, f"Chapter {number}", "", "", ""]
        yield ["coordinator", who, ORGANISATION, "Kari Nordmann", _address(who), "", ""]
        yield ["assignment", who, ORGANISATION, "", "", chapter, "true"]
    for number in range(MENTORS):
        chapter = f"{ORGANISATION}-ch{number // MENTORS_EACH * MENTORS_EACH:05}"
        yield ["mentor", mentor(number), ORGANISATION, "Ola Nordmann", _address(mentor(number)), chapter, ""]


def _address(person: str) -> str:
    return f"{person}@bench.example"
