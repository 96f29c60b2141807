"""A PostgreSQL server that its supervisor starts and stops, and that ends when the supervisor does."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

import psycopg

from . import cluster
from .databases import ensure_database, run_roles, socket_dsn
from .errors import DataDirectoryInUse, DataDirectoryUnusable, ServerDidNotStart
from .passwords import Passwords, private_file
from .processes import HERE, Account, end_servers_in, servers_in
from .runtime import SOCKET, RuntimeDirectory
from .settings import DEFAULTS

_LOG_SIZE = 10 * 1024 * 1024
_PREDECESSOR_TIMEOUT = 10.0
_LOCK_TIMEOUT = 1.0  # a supervisor that was killed just as it forked has a child with the lock until that executes


class EmbeddedPostgres:
    """One server on one data directory; `start` may be called again after a crash, and its addresses stay the same.

    `settings` go over the small, durable defaults. Sockets only, unless `listen_addresses` is among them.
    """

    def __init__(
        self, data_dir: Path | str, *, settings: Mapping[str, str] | None = None, programs: Path | None = None
    ) -> None:
        self.data_dir = Path(data_dir).resolve()
        self.log = self.data_dir / "postgres.log"
        self._cluster = self.data_dir / "cluster"
        self._socket_dir = self._cluster / "socket"
        self._settings = {**DEFAULTS, **(settings or {}), "unix_socket_directories": "socket", "port": "5432"}
        self._programs = programs
        self._passwords = Passwords(self.data_dir / "passwords.json")
        self._runtime = RuntimeDirectory(self.data_dir)
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()

    @property
    def pid(self) -> int | None:
        """The postmaster, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, *, timeout: float = 60.0) -> None:
        """Start the server and return when it answers queries; does nothing while it runs."""
        if self.pid is not None:
            return
        self.stop()  # removes what a crashed server has left
        with ExitStack() as held:
            self._lock(held)
            account, programs = self._prepare(held)
            thread = held.enter_context(ThreadPoolExecutor(1, thread_name_prefix="embedded-postgres"))
            held.callback(self._end)
            deadline = time.monotonic() + timeout
            while not self._attempt(thread, account, programs, deadline):
                time.sleep(0.1)
            self._held = held.pop_all()

    def stop(self) -> None:
        """Shut the server down: open transactions are rolled back, committed data is on disk."""
        self._held.close()

    def dsn(self, database: str, role: str = cluster.SUPERUSER, password: str | None = None) -> str:
        """The address of a database; without a password, with the one that is kept for the role."""
        address = self._runtime.address_of(self._socket_dir)
        return socket_dsn(str(address), database, role, password or self._passwords.of(role))

    def create_database(self, name: str, role: str, password: str | None = None) -> str:
        """Make a database and the ordinary role that owns it, both only if missing; answers its address."""
        if password is not None:
            self._passwords.keep(role, password)
        ensure_database(self.dsn("postgres"), name, role=role, password=self._passwords.of(role))
        return self.dsn(name, role)

    def create_roles(self, database: str, script: str, roles: Sequence[str]) -> dict[str, str]:
        """Run the script that makes these roles of a database; answers the address of each."""
        run_roles(self.dsn(database), script, {role: self._passwords.of(role) for role in roles})
        return {role: self.dsn(database, role) for role in roles}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _lock(self, held: ExitStack) -> None:
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.data_dir, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, descriptor)
            deadline = time.monotonic() + _LOCK_TIMEOUT
            while not _locked(descriptor, deadline):
                time.sleep(0.02)
        except BlockingIOError:
            raise DataDirectoryInUse(f"{self.data_dir} is in use: it is already served, by another process") from None
        except OSError as error:
            raise _unusable(self.data_dir, error) from error

    def _prepare(self, held: ExitStack) -> tuple[Account, Path]:
        try:
            account = Account.for_files_in(self._cluster if self._cluster.exists() else self.data_dir)
            held.callback(self._runtime.remove)
            programs = cluster.reachable(self._programs or cluster.installed_programs(), account, self._runtime)
            self._ensure_cluster(account, programs)
            self._runtime.link(self._socket_dir)
            self._clear_leftovers()
        except OSError as error:
            raise _unusable(self.data_dir, error) from error
        return account, programs

    def _ensure_cluster(self, account: Account, programs: Path) -> None:
        if not (self._cluster / "PG_VERSION").exists():
            password = self._passwords.of(cluster.SUPERUSER)
            cluster.create(self._cluster, programs, account, password=password, durable=self._settings["fsync"] == "on")
        elif not self._passwords.path.exists():
            raise DataDirectoryUnusable(f"{self._passwords.path} is lost, and with it the way into {self._cluster}")

    def _clear_leftovers(self) -> None:
        """Remove the files of a killed server, once its processes have ended; we hold the lock."""
        pid_file = self._cluster / "postmaster.pid"
        written = pid_file.read_text().partition("\n")[0] if pid_file.exists() else ""
        postmaster = int(written) if written.isdecimal() else None
        deadline = time.monotonic() + _PREDECESSOR_TIMEOUT
        while postmaster in servers_in(self._cluster):  # it ends by itself when its supervisor was killed
            if time.monotonic() > deadline:
                raise DataDirectoryInUse(f"{self.data_dir} is in use by process {postmaster}, which we did not start")
            time.sleep(0.02)
        end_servers_in(self._cluster)
        # PostgreSQL takes a pid file for valid when any process of our user has that pid by now.
        for leftover in (pid_file, self._socket_dir / SOCKET, self._socket_dir / f"{SOCKET}.lock"):
            leftover.unlink(missing_ok=True)

    def _attempt(self, thread: ThreadPoolExecutor, account: Account, programs: Path, deadline: float) -> bool:
        """Whether it runs now. False: not yet, old processes that we cannot see still hold its shared memory."""
        command = [str(programs / "bin/postgres"), "-D", HERE]
        command += [argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")]
        with self._open_log() as output:
            written = output.tell()
            # From a thread that stays: the kernel's death signal follows the thread which started the process.
            self._process = thread.submit(
                account.spawn,
                command,
                directory=self._cluster,
                output=output,
                stdin=subprocess.DEVNULL,
                farewell=signal.SIGQUIT,
            ).result()
        if self._answers(deadline):
            return True
        log = self.log.read_bytes()[written:].decode(errors="replace")
        if "is still in use" in log and time.monotonic() < deadline:
            return False
        raise ServerDidNotStart(f"PostgreSQL did not start. The end of {self.log}:\n{log[-2000:]}")

    def _open_log(self) -> IO[bytes]:
        if self.log.exists() and self.log.stat().st_size > _LOG_SIZE:
            self.log.replace(self.log.with_suffix(".log.1"))
        return open(private_file(self.log, os.O_APPEND), "ab")

    def _answers(self, deadline: float) -> bool:
        while self.pid is not None and time.monotonic() < deadline:
            try:
                with psycopg.connect(self.dsn("postgres"), connect_timeout=2) as connection:
                    connection.execute("SELECT 1")
                return True
            except psycopg.OperationalError:
                time.sleep(0.02)
        return False

    def _end(self) -> None:
        if self._process is None:
            return
        for signal_number, timeout in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            self._process.send_signal(signal_number)
            try:
                self._process.wait(timeout)
                break
            except subprocess.TimeoutExpired:
                continue
        end_servers_in(self._cluster)
        self._process = None


def _unusable(data_dir: Path, error: OSError) -> DataDirectoryUnusable:
    return DataDirectoryUnusable(f"{data_dir} cannot be used ({error.strerror}: {error.filename}); choose another")


def _locked(directory: int, deadline: float) -> bool:
    """Whether we hold the lock. Raises BlockingIOError when another process still holds it at the deadline."""
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if time.monotonic() >= deadline:
            raise
        return False
    return True
