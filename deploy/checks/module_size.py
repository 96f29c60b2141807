"""A module is one subject: 40 to 350 lines. Shorter ones belong to their subject, longer ones have a second one."""

from collections.abc import Iterator, Mapping
from pathlib import Path

MIN_LINES = 40
MAX_LINES = 350
SOURCE_TREES = tuple(
    f"{package}/src"
    for package in ("shared-lib", "orchestrator-service", "notification-service", "acknowledgement-service")
)
WITHOUT_LIMIT = frozenset({"__init__.py", "__main__.py", "wsgi.py"})


def wrong_sizes(lines_of: Mapping[Path, int], *, excused: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each module that is too short or too long, and for each excuse that no module needs."""
    needed = {str(path) for path, lines in lines_of.items() if not _is_right(path, lines)}
    for path, lines in sorted(lines_of.items()):
        if str(path) in needed - excused.keys():
            yield f"{path}: {lines} lines, a module has {MIN_LINES} to {MAX_LINES}"
    for unneeded in sorted(excused.keys() - needed):
        yield f"{unneeded}: needs no excuse any more, remove it from deploy/checks/excused.py"


def _is_right(path: Path, lines: int) -> bool:
    """Revisions of a schema are as long as their change."""
    return path.name in WITHOUT_LIMIT or "migrations" in path.parts or MIN_LINES <= lines <= MAX_LINES
