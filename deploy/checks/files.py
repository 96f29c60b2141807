"""The Python files that the checks read."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def python_files(*roots: str) -> Iterator[Path]:
    """Every Python file below `roots` that git tracks or would track, relative to the repository."""
    listed = subprocess.run(  # noqa: S603 - a fixed command
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *roots],  # noqa: S607
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (Path(line) for line in listed.stdout.splitlines() if line.endswith(".py"))
    yield from (path for path in paths if (REPOSITORY / path).is_file())
