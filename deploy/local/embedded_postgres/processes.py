"""Starts processes that end with this one, as the right user, and finds those of an earlier supervisor."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import DataDirectoryInUse, EmbeddedDatabaseError

SERVER_UID = 55432  # needs no entry in the user database; inside the 65,536 ids that a container usually has
HERE = "/proc/self/cwd" if sys.platform == "linux" else "."

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _CLONE_NEWUSER = 1, 4, 0x10000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """Whom a process runs as. `alias` is a uid with a name that it takes for its own, in a user namespace."""

    uid: int
    gid: int
    alias: int | None = None

    @classmethod
    def for_files_in(cls, directory: Path) -> "Account":
        """Ourselves. PostgreSQL refuses root, so then: who owns the directory, or an unprivileged uid of our own."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        owner = directory.stat()
        return cls(owner.st_uid, owner.st_gid) if owner.st_uid else cls(SERVER_UID, SERVER_UID)

    def for_initdb(self) -> "Account":
        """An account with a name: initdb, unlike the server, refuses to run as a uid that has none."""
        with suppress(KeyError):
            return Account(pwd.getpwuid(self.uid).pw_uid, self.gid)
        try:
            nobody = pwd.getpwnam("nobody").pw_uid
        except KeyError:
            raise EmbeddedDatabaseError(f"{_nameless(self.uid)}, and no user 'nobody' to stand in") from None
        return Account(nobody, self.gid) if os.geteuid() == 0 else Account(self.uid, self.gid, alias=nobody)

    def spawn(
        self,
        command: Sequence[str],
        *,
        directory: Path,
        output: IO[bytes],
        stdin: IO[bytes] | int,
        farewell: signal.Signals,
    ) -> subprocess.Popen[bytes]:
        """Run `command` in `directory`, which our user may enter even where the account could not walk to it.

        The kernel sends it `farewell` when the *thread* that called this ends.
        """
        try:
            return subprocess.Popen(
                command,
                cwd=directory,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_ENVIRONMENT,
                umask=0o077,
                start_new_session=True,  # Ctrl-C in a terminal is for us; we stop the server when its clients are gone
                # It must run between setuid (which resets it) and exec, and it takes no locks: system calls only.
                preexec_fn=self._last_steps(farewell, parent=os.getpid()),  # noqa: PLW1509
                **self.drop(),
            )
        except subprocess.SubprocessError as error:  # the last steps failed
            raise EmbeddedDatabaseError(f"{_nameless(self.uid)}, and no user namespaces to lend it one") from error

    def drop(self) -> dict[str, Any]:
        """What makes `subprocess` run as this account; only root has to change for it."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def _last_steps(self, farewell: signal.Signals, *, parent: int) -> Callable[[], None]:
        def act() -> None:
            if self.alias is not None:
                _take_for_own(self.alias, self.uid)
            if sys.platform == "linux":
                _LIBC.prctl(_PR_SET_PDEATHSIG, int(farewell))
            if os.getppid() != parent:  # it died before the kernel knew our wish
                os._exit(1)

        return act


def _take_for_own(alias: int, uid: int) -> None:
    """Show ourselves `alias` as our uid, while every file we write still belongs to `uid`."""
    if _LIBC.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "no user namespaces here")
    _LIBC.prctl(_PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root
    Path("/proc/self/uid_map").write_text(f"{alias} {uid} 1")


def _nameless(uid: int) -> str:
    return f"start it as a user with a name: there is none for uid {uid} in the user database, which initdb demands"


def servers_in(directory: Path) -> list[int]:
    """The PostgreSQL processes that work in this directory, by what the kernel says, never by a pid file."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or of another user
            program = (entry / "exe").readlink().name
            if program.startswith(("postgres", "initdb")) and (entry / "cwd").samefile(directory):
                found.append(int(entry.name))
    return found


def end_servers_in(directory: Path, *, timeout: float = 3.0) -> None:
    """End what is left of a server without its postmaster: busy backends notice that only when their query is done."""
    kill_at = time.monotonic() + timeout
    while pids := servers_in(directory):
        if time.monotonic() > kill_at + timeout:
            raise DataDirectoryInUse(f"{directory}: processes {pids} of an earlier server cannot be ended")
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGQUIT if time.monotonic() < kill_at else signal.SIGKILL)
        time.sleep(0.02)
