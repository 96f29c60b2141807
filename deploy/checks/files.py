"""The Python files that the checks read."""

from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
NOT_OURS = frozenset({"build", "dist", "node_modules", "venv"})


def python_files(*roots: str) -> Iterator[Path]:
    """Every Python file below `roots`, relative to the repository, in order."""
    for root in roots:
        for path in sorted((REPOSITORY / root).rglob("*.py")):
            relative = path.relative_to(REPOSITORY)
            if not any(part in NOT_OURS or part.startswith(".") for part in relative.parts):
                yield relative
