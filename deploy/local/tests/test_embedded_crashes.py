"""The embedded server after kills of itself, of its supervisor and of initdb."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from embedded_postgres import EmbeddedPostgres
from embedded_postgres.processes import Account, servers_in

from .embedded import Reported, child, eventually, query


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data directory for all who need a server that has lived before."""
    return tmp_path_factory.mktemp("crashing")


@pytest.fixture
def server(home: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(home) as running:
        yield running


def kill(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert eventually(lambda: server.pid is None)


def processes_of(server: EmbeddedPostgres) -> list[int]:
    return servers_in(server.data_dir / "cluster")


def test_what_was_committed_outlives_a_kill(server):
    dsn = server.create_database("parcels", "parcels")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE parcel AS SELECT 7 AS number")
    for _ in range(3):
        kill(server)
        server.start()

        assert query(dsn, "SELECT number FROM parcel") == 7


def test_a_backend_that_is_too_busy_to_notice_does_not_block_the_next_start(server):
    busy = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
    with closing(psycopg.connect(server.dsn("postgres"), autocommit=True)) as connection:
        connection.pgconn.send_query(busy.encode())
        backend = connection.info.backend_pid
        kill(server)
        server.start()

    assert backend not in processes_of(server)
    assert query(server.dsn("postgres"), "SELECT 1") == 1


def test_a_stale_pid_file_is_no_obstacle_even_if_its_pid_lives_again(server):
    """PostgreSQL itself gives up when the pid in the file belongs to any process of its own user."""
    account = Account.for_files_in(server.data_dir / "cluster")
    with subprocess.Popen(["/bin/sleep", "60"], **account.drop()) as stranger:
        kill(server)
        pid_file = server.data_dir / "cluster/postmaster.pid"
        for file in (pid_file, server.data_dir / "cluster/socket/.s.PGSQL.5432.lock"):
            lines = file.read_text().split("\n")
            file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        server.start()

        assert query(server.dsn("postgres"), "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("rubbish", ["", "rubbish\n", "-1\n"])
def test_a_mutilated_pid_file_is_no_obstacle(server, rubbish):
    kill(server)
    (server.data_dir / "cluster/postmaster.pid").write_text(rubbish)
    server.start()

    assert query(server.dsn("postgres"), "SELECT 1") == 1


def test_the_server_dies_with_a_killed_supervisor_and_starts_again_at_once(home):
    def supervise(report: Reported) -> None:
        server = EmbeddedPostgres(home)
        server.start()
        report(server.pid)
        signal.pause()

    server = EmbeddedPostgres(home)
    for _ in range(2):
        with child(supervise) as (supervisor, reports):
            postmaster = reports.recv()
            supervisor.kill()
            supervisor.join()
            with server:
                assert query(server.dsn("postgres"), "SELECT 1") == 1
                assert postmaster not in processes_of(server)


def test_a_killed_supervisor_leaves_no_process(home):
    def supervise(report: Reported) -> None:
        server = EmbeddedPostgres(home)
        server.start()
        report(server.pid)
        signal.pause()

    with child(supervise) as (supervisor, reports):
        postmaster = reports.recv()
        assert postmaster in servers_in(home / "cluster")
        supervisor.kill()

        assert eventually(lambda: servers_in(home / "cluster") == [])


@pytest.mark.parametrize("stage", ["", "PG_VERSION", "global/pg_control", "base/4", "socket"])
def test_a_kill_during_initdb_leaves_nothing_that_matters(tmp_path, stage):
    def supervise(_: Reported) -> None:
        EmbeddedPostgres(tmp_path / "db").start()

    with child(supervise) as (supervisor, _):
        assert eventually(lambda: any(tmp_path.glob(f"db/initdb-*/{stage}")))
        supervisor.kill()
        supervisor.join()

        with EmbeddedPostgres(tmp_path / "db") as server:
            assert query(server.dsn("postgres"), "SELECT 1") == 1

    assert sorted(path.name for path in (tmp_path / "db").iterdir()) == ["cluster", "passwords.json", "postgres.log"]


def test_a_server_starts_within_four_seconds_even_the_first_time(tmp_path):
    begun = time.monotonic()
    with EmbeddedPostgres(tmp_path / "db"):
        assert time.monotonic() - begun < 4
