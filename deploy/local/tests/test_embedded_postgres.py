"""The embedded server in normal operation: what it keeps, which connections it accepts, what it logs."""

import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from embedded_postgres import DataDirectoryInUse, DataDirectoryUnusable, EmbeddedPostgres, ServerDidNotStart
from embedded_postgres.processes import servers_in

from .embedded import eventually, query

SECRET = "diagnosis-of-a-mentor"


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("embedded")) as server:
        yield server


def pids_of(server: EmbeddedPostgres) -> list[int]:
    return servers_in(server.data_dir / "cluster")


def test_a_restart_finds_its_data_under_the_same_address(tmp_path):
    server = EmbeddedPostgres(tmp_path / "db")
    with server:
        before = server.create_database("parcels", "parcels")
        with psycopg.connect(before) as connection:
            connection.execute("CREATE TABLE parcel AS SELECT 7 AS number")

    with EmbeddedPostgres(tmp_path / "db") as again:
        assert again.create_database("parcels", "parcels") == before
        assert query(before, "SELECT number FROM parcel") == 7


def test_a_role_is_ordinary_and_sees_its_own_database_only(postgres):
    mine = postgres.create_database("mine", "me")
    postgres.create_database("yours", "you")

    assert query(mine, "SELECT rolsuper OR rolbypassrls OR rolcreatedb FROM pg_roles WHERE rolname = 'me'") is False
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(mine.replace("/mine?", "/yours?"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn("mine", "me", "a guess"))


def test_a_chosen_password_replaces_the_one_before(postgres):
    postgres.create_database("chosen", "chooser", "first")
    dsn = postgres.create_database("chosen", "chooser", "p@ss/wörd?&%")

    assert query(dsn, "SELECT current_user") == "chooser"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("password_encryption", "scram-sha-256"),
    ],
)
def test_the_server_is_set_up_as_the_services_expect(postgres, setting, value):
    assert query(postgres.dsn("postgres"), f"SHOW {setting}") == value


def test_sorting_does_not_depend_on_the_machine(postgres):
    providers = "SELECT array_agg(DISTINCT datlocprovider::text || datlocale) FROM pg_database"

    assert query(postgres.dsn("postgres"), providers) == ["bC.UTF-8"]


def test_only_our_user_can_read_passwords_and_connect_to_the_socket(postgres):
    def mode(name: str) -> int:
        return stat.S_IMODE((postgres.data_dir / name).stat().st_mode)

    assert [mode("passwords.json"), mode("postgres.log")] == [0o600, 0o600]
    assert [mode("cluster"), mode("cluster/socket")] == [0o700, 0o700]


def test_what_people_write_never_reaches_the_log(tmp_path):
    with EmbeddedPostgres(tmp_path, settings={"fsync": "off"}) as server:
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("CREATE TABLE note (text text UNIQUE)")
            connection.execute("INSERT INTO note VALUES (%s)", [SECRET])
            for statement in ("INSERT INTO note VALUES (%s)", "SELECT %s::int", "SELECT %s FROM nowhere"):
                with pytest.raises(psycopg.Error):
                    connection.execute(statement.encode(), [SECRET])
        with closing(psycopg.connect(server.dsn("postgres"), autocommit=True)) as victim:
            victim.pgconn.send_query(f"SELECT '{SECRET}', pg_sleep(60)".encode())
            pid = victim.info.backend_pid
            sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            assert eventually(lambda: query(server.dsn("postgres"), sleeping) == 1)
            os.kill(pid, signal.SIGKILL)  # the postmaster logs what a victim was doing by default
        log = server.log
        assert eventually(lambda: log.read_text().count("ready to accept connections") == 2)

    assert "was terminated by signal 9" in log.read_text()
    assert SECRET not in log.read_text()


def test_a_second_instance_is_refused_and_does_no_harm(postgres):
    with pytest.raises(DataDirectoryInUse, match="is in use"):
        EmbeddedPostgres(postgres.data_dir).start()

    assert query(postgres.dsn("postgres"), "SELECT 1") == 1


def test_stopping_ends_every_process_even_with_a_transaction_open(tmp_path):
    server = EmbeddedPostgres(tmp_path / "db", settings={"fsync": "off"})
    server.start()
    pids = pids_of(server)
    with closing(psycopg.connect(server.dsn("postgres"))) as connection:
        connection.execute("SELECT 1")
        server.stop()
        server.stop()

    assert len(pids) > 3
    assert server.pid is None
    assert pids_of(server) == []


def test_the_server_outlives_the_thread_that_started_it(tmp_path):
    server = EmbeddedPostgres(tmp_path / "db", settings={"fsync": "off"})
    thread = threading.Thread(target=server.start)
    thread.start()
    thread.join()
    try:
        assert not eventually(lambda: server.pid is None, within=0.5)
        assert query(server.dsn("postgres"), "SELECT 1") == 1
    finally:
        server.stop()


def test_a_bad_setting_is_reported_with_the_words_of_the_server(tmp_path):
    with pytest.raises(ServerDidNotStart, match="shared_buffers"):
        EmbeddedPostgres(tmp_path / "db", settings={"shared_buffers": "much", "fsync": "off"}).start()


def test_a_lost_password_file_is_reported(tmp_path):
    with EmbeddedPostgres(tmp_path, settings={"fsync": "off"}):
        pass
    (tmp_path / "passwords.json").unlink()

    with pytest.raises(DataDirectoryUnusable, match="is lost"):
        EmbeddedPostgres(tmp_path).start()
