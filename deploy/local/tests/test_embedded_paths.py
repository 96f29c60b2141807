"""Where the embedded server can live, and for whom: odd paths, closed directories, root and ordinary users."""

import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded_postgres import DataDirectoryUnusable, EmbeddedDatabaseError, EmbeddedPostgres
from embedded_postgres.cluster import installed_programs
from embedded_postgres.runtime import RuntimeDirectory

from .embedded import Reported, child, query

NAMELESS = 54321


def nobody() -> int:
    """An ordinary user: ourselves, unless we are root."""
    return os.geteuid() or pwd.getpwnam("nobody").pw_uid


@pytest.mark.parametrize("depth", [1, 12])
def test_long_and_odd_paths_are_served(tmp_path, depth):
    directory = tmp_path.joinpath(*[f"a, b % {'æ' * 45}"] * depth)
    with EmbeddedPostgres(directory, settings={"fsync": "off"}) as server:
        runtime = RuntimeDirectory(server.data_dir).address_of(server.data_dir / "cluster/socket").parent
        assert query(server.create_database("parcels", "parcels"), "SELECT 1") == 1

    assert not runtime.exists()


def test_programs_and_data_below_a_closed_directory_are_served(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    programs = RuntimeDirectory(home).copy(installed_programs())
    closed = programs.parents[1].rename(home / "site") / programs.relative_to(programs.parents[1])
    RuntimeDirectory(home).remove()

    with EmbeddedPostgres(home / "db", settings={"fsync": "off"}, programs=closed) as server:
        assert query(server.dsn("postgres"), "SELECT 1") == 1

    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.fixture
def home() -> Iterator[Path]:
    """The closed home of an ordinary user, in a place that such a user can walk to."""
    with tempfile.TemporaryDirectory(prefix="pg-home-") as name:
        os.chown(name, nobody(), -1)
        yield Path(name)


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Path]:
    """PostgreSQL where every user can run it."""
    runtime = RuntimeDirectory(tmp_path)
    yield runtime.copy(installed_programs())
    runtime.remove()


def test_what_an_ordinary_user_made_root_may_serve_too_without_locking_them_out(home, programs):
    def work(report: Reported) -> None:
        with EmbeddedPostgres(home / "db", settings={"fsync": "off"}, programs=programs) as server:
            report(server.create_database("parcels", "parcels"))

    for _ in range(2):
        with child(work, uid=nobody()) as (_, reports):
            dsn = reports.recv()
            reports.poll(10)  # until it has ended
        with EmbeddedPostgres(home / "db") as server:
            assert server.create_database("parcels", "parcels") == dsn
            assert query(dsn, "SELECT current_user") == "parcels"

    assert {path.stat().st_uid for path in home.rglob("*")} == {nobody()}


def test_a_user_without_a_name_is_served_or_asked_to_take_one(home, programs):
    """initdb wants a name for its uid; where the kernel lets us, we lend it one."""
    os.chown(home, os.geteuid() or NAMELESS, -1)

    def work(report: Reported) -> None:
        try:
            with EmbeddedPostgres(home / "db", settings={"fsync": "off"}, programs=programs) as server:
                report(query(server.dsn("postgres"), "SELECT 1"))
        except EmbeddedDatabaseError as error:
            report(str(error))

    with child(work, uid=NAMELESS) as (_, reports):
        answer = reports.recv()

    assert answer == 1 or "start it as a user with a name" in answer


def test_a_directory_that_cannot_be_written_is_refused_in_words(home):
    home.chmod(0o500)

    def work(report: Reported) -> None:
        try:
            EmbeddedPostgres(home / "db").start()
        except DataDirectoryUnusable as error:
            report(str(error))

    with child(work, uid=nobody()) as (_, reports):
        message = reports.recv()

    assert "Permission denied" in message
    assert "choose another" in message


def test_a_file_in_place_of_the_directory_is_refused_in_words(tmp_path):
    (tmp_path / "db").touch()

    with pytest.raises(DataDirectoryUnusable, match="choose another"):
        EmbeddedPostgres(tmp_path / "db").start()
