"""The directory that one running stack has to itself."""

import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2s
from pathlib import Path
from typing import Any


class InUse(Exception):
    """A stack already runs on this directory."""


@contextmanager
def locked(data: Path) -> Iterator[None]:
    """Make the directory if it is missing, and lock it until this process ends; raises InUse."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "stack.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            process = lock.read().strip() or "unknown"
            message = (
                f"A stack is already running on {data} (process {process}); another one needs its own DATA= and PORT=."
            )
            raise InUse(message) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _described_in(data).unlink(missing_ok=True)
        entry = _registry() / blake2s(os.fsencode(data.resolve()), digest_size=8).hexdigest()
        entry.write_text(str(data.resolve()))
        try:
            yield
        finally:
            entry.unlink(missing_ok=True)
            _described_in(data).unlink(missing_ok=True)


def in_use() -> list[Path]:
    """The directories of our user's running stacks. Entries that a killed stack left behind are removed."""
    running = []
    for entry in sorted(_registry().iterdir()):
        with suppress(FileNotFoundError):  # a stack has just ended
            data = Path(entry.read_text())
            if _is_locked(data):
                running.append(data)
            else:
                entry.unlink(missing_ok=True)
    return running


def write_description(data: Path, description: Mapping[str, Any]) -> None:
    """Write stack.json in one step: a reader never sees half of it."""
    fresh = _described_in(data).with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(description, file, indent=2)
        file.write("\n")
    fresh.replace(_described_in(data))


def description_of(data: Path) -> dict[str, Any] | None:
    """The description of the stack that runs on this directory; None when none does."""
    try:
        description: dict[str, Any] = json.loads(_described_in(data).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return description


def _registry() -> Path:
    """A directory with a file for each running stack of our user, which holds the path of its data."""
    registry = Path(tempfile.gettempdir()) / f"pause-notices-{os.geteuid()}"
    with suppress(FileExistsError):
        registry.mkdir(mode=0o700)
    found = registry.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise InUse(f"{registry} belongs to another user; remove it, or set TMPDIR to another directory.")
    return registry


def _is_locked(data: Path) -> bool:
    try:
        with (data / "stack.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    return False


def _described_in(data: Path) -> Path:
    return data / "stack.json"
