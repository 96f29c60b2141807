"""The paths that the README of the repository names exist."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
WHOLE = re.findall(r"`((?:[a-z]+-service|shared-lib|deploy)/[\w./-]*)`", README)
STEPS = [
    (start.rpartition("/api/")[0] or start.rpartition("/usecases/")[0], step)
    for start, steps in re.findall(r"^\| [^|]+ \| `([a-z]+-service/[\w./-]+)`[^|]*\| (.+) \|$", README, re.MULTILINE)
    for step in re.findall(r"`([\w./]+)`", steps)
]


@pytest.mark.parametrize("path", WHOLE)
def test_every_path_exists(path: str) -> None:
    assert (REPOSITORY / path).exists()


@pytest.mark.parametrize(("package", "step"), STEPS)
def test_every_step_on_the_way_of_a_request_exists(package: str, step: str) -> None:
    assert (REPOSITORY / package / step).exists()
