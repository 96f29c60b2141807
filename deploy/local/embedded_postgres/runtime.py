"""A directory below the temporary one, for short socket paths and for programs that every user may run."""

import os
import shutil
import stat
import tempfile
from hashlib import blake2s
from pathlib import Path

from .errors import EmbeddedDatabaseError

SOCKET = ".s.PGSQL.5432"
_MAX_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
_NEEDED = ("bin/initdb", "bin/postgres", "lib/postgresql", "share")


class RuntimeDirectory:
    """Always the same for one data directory, so that a kill leaves at most one behind and the next start reuses it."""

    def __init__(self, data_dir: Path) -> None:
        key = blake2s(os.fsencode(data_dir), digest_size=6).hexdigest()
        self._path = Path(tempfile.gettempdir()) / f"pg-{os.geteuid()}-{key}"

    def address_of(self, socket_dir: Path) -> Path:
        """A path to `socket_dir` that fits into a socket address and that libpq takes for a single host."""
        if _is_fit(socket_dir):
            return socket_dir
        link = self._path / "socket"
        if not _is_fit(link):
            raise EmbeddedDatabaseError(f"{link} is too long for a socket; set TMPDIR to a shorter directory")
        return link

    def link(self, socket_dir: Path) -> None:
        """Make `address_of(socket_dir)` lead there."""
        link = self.address_of(socket_dir)
        if link == socket_dir:
            return
        self._make()
        link.unlink(missing_ok=True)
        link.symlink_to(socket_dir)

    def copy(self, programs: Path) -> Path:
        """Copy an installation from below a closed directory (a home, say) to where every user can run it."""
        self._make()
        site = self._path / "programs"
        shutil.rmtree(site, ignore_errors=True)
        target = site / programs.parent.name / programs.name
        for name in _NEEDED:
            _copy(programs / name, target / name)
        libraries = programs.parents[1] / f"{programs.parent.name}.libs"
        _copy(libraries, site / libraries.name)
        for path in (site, *site.rglob("*")):
            path.chmod(0o755)
        return target

    def remove(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)

    def _make(self) -> None:
        self._path.mkdir(mode=0o711, exist_ok=True)
        found = self._path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise EmbeddedDatabaseError(f"{self._path} belongs to another user; remove it, or set TMPDIR elsewhere")
        self._path.chmod(0o711)  # whatever our umask is


def _is_fit(directory: Path) -> bool:
    return len(os.fsencode(directory / SOCKET)) <= _MAX_SOCKET_PATH and "," not in str(directory)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copyfile(source, target)
