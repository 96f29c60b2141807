"""The audit log's hash chain: extended in the transaction of the act, and broken by every change of an entry."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from shared_lib import audit
from shared_lib.audit.cli import verify
from shared_lib.audit.verification import Anchor, ChainCheck, verify_chains
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib_testing.postgres import PostgresServer, database_for, truncate_all, within_all_tenants
from shared_lib_testing.schema import create_shared_tables
from sqlalchemy import text

INSERT = (
    "INSERT INTO audit_entry (organisation_id, at, actor_id, action, details) VALUES ('nhf', now(), 'a', 'b', '{}')"
)
Tamper = Callable[[str], None]


@pytest.fixture(scope="module")
def log_url(postgres_server: PostgresServer) -> str:
    return within_all_tenants(database_for(postgres_server, "audit_log", create_shared_tables).owner)


@pytest.fixture
def database(log_url: str) -> Iterator[Database]:
    truncate_all(log_url)
    database = Database.open(log_url, pool_size=20)
    yield database
    database.close()


@pytest.fixture
def tamper(postgres_server: PostgresServer) -> Tamper:
    """Executes a statement as a superuser, past all triggers."""
    parts = urlsplit(postgres_server.superuser_dsn)

    def execute(statement: str) -> None:
        with psycopg.connect(urlunsplit(parts._replace(path="/audit_log"))) as connection:
            connection.execute("SET session_replication_role = replica; SET app.all_tenants = 'test'")
            connection.execute(statement.encode())

    return execute


def write(database: Database, organisation_id: str | None = "nhf", times: int = 1, said: object = None) -> None:
    for number in range(times):
        with database.begin(all_tenants("test")) as session:
            audit.record(
                session,
                action="b",
                actor_id="a",
                at=utc_now(),
                organisation_id=organisation_id,
                details={"said": said if said is not None else number},
            )


def checks(database: Database, anchors: dict[str, Anchor] | None = None) -> dict[str, ChainCheck]:
    found = verify_chains(database, anchors or {}, lambda *_: None)
    return {check.chain: check for check in found}


def faults(database: Database, anchors: dict[str, Anchor] | None = None) -> dict[str, str]:
    return {chain: found.fault for chain, found in checks(database, anchors).items() if found.fault is not None}


def test_each_organisation_has_a_chain_and_so_have_acts_without_one(database: Database) -> None:
    write(database, "nhf", 3)
    write(database, "lhl", 2)
    write(database, None)

    found = checks(database)

    assert {chain: (check.anchor.number, check.fault) for chain, check in found.items()} == {
        "": (1, None),
        "lhl": (2, None),
        "nhf": (3, None),
    }


def test_the_documented_form_is_all_it_takes_to_compute_a_hash(database: Database) -> None:
    write(database, "nhf", said={"b": [1, None], "a": "blåbær"})
    with database.begin(all_tenants("test")) as session:
        session.execute(text("SET LOCAL timezone = 'America/Lima'"))
        row_id, moment, digest = session.execute(
            text("SELECT e.id, to_json(at AT TIME ZONE 'UTC')::text, hash FROM audit_entry e, audit_link")
        ).one()

    at = moment.strip('"') + "+00:00"
    details = '{"said": {"a": "blåbær", "b": [1, null]}}'
    form = (
        f'{{"at": "{at}", "id": {row_id}, "action": "b", "details": {details}, "actor_id": "a", '
        '"organisation_id": "nhf"}'
    )
    expected = hashlib.sha256(hashlib.sha256(b"nhf").digest() + form.encode()).digest()
    assert bytes(digest) == expected


def test_a_column_that_is_added_later_breaks_nothing(postgres_server: PostgresServer) -> None:
    url = database_for(postgres_server, "wider_audit_log", create_shared_tables).owner
    database = Database.open(url)
    write(database, "nhf", 2)
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE audit_entry ADD COLUMN later text")
    write(database, "nhf", 2)

    found = checks(database)
    database.close()

    assert (found["nhf"].anchor.number, found["nhf"].fault) == (4, None)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_entry SET details = '{}' WHERE id = 2", "link 2: entry 2 was changed, or its link was"),
        (
            "UPDATE audit_entry SET at = at + interval '1 us' WHERE id = 2",
            "link 2: entry 2 was changed, or its link was",
        ),
        ("UPDATE audit_entry SET object_id = 'x' WHERE id = 1", "link 1: entry 1 was changed, or its link was"),
        ("DELETE FROM audit_entry WHERE id = 3", "link 3: entry 3 was removed"),
        ("DELETE FROM audit_entry WHERE id = 5", "link 5: entry 5 was removed"),
        ("DELETE FROM audit_link WHERE number = 4", "link 4 was removed"),
        ("DELETE FROM audit_link WHERE number = 5", "link 5 was removed: the chain should have 5"),
        ("UPDATE audit_link SET hash = sha256('x') WHERE number = 3", "link 3: entry 3 was changed, or its link was"),
        ("UPDATE audit_head SET hash = sha256('x')", "link 5: the head of the chain says otherwise"),
        ("UPDATE audit_head SET number = 4", "link 5 is beyond the head of the chain"),
        ("DELETE FROM audit_head", "link 1 is beyond the head of the chain"),
    ],
)
def test_the_first_broken_entry_is_named(database: Database, tamper: Tamper, statement: str, fault: str) -> None:
    write(database, "nhf", 5)
    write(database, "lhl", 2)
    tamper(statement if "audit_head" not in statement else f"{statement} WHERE chain = 'nhf'")

    assert faults(database)["nhf"] == fault
    assert "lhl" not in faults(database)


def test_an_entry_that_was_smuggled_in_is_named(database: Database, tamper: Tamper) -> None:
    write(database, "nhf", 2)
    tamper(INSERT)

    assert list(faults(database).values()) == ["entry 3 is in no chain"]


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (
            "DELETE FROM audit_entry WHERE id = 3; DELETE FROM audit_link WHERE number = 3; "
            "UPDATE audit_head SET number = 2, hash = (SELECT hash FROM audit_link WHERE number = 2)",
            "link 3 was removed: there were 3 when the chain was anchored",
        ),
        (
            "DELETE FROM audit_head; DELETE FROM audit_link; UPDATE audit_entry SET details = '{\"x\": 1}'; "
            "DO 'DECLARE e audit_entry; BEGIN FOR e IN SELECT * FROM audit_entry ORDER BY id LOOP "
            "PERFORM audit_append(e); END LOOP; END'",
            "link 3: the chain was written anew since it was anchored",
        ),
        ("DELETE FROM audit_entry; DELETE FROM audit_link; DELETE FROM audit_head", "the whole chain is gone"),
    ],
)
def test_a_rewritten_end_with_its_head_is_found_by_an_anchor(
    database: Database, tamper: Tamper, statements: str, fault: str
) -> None:
    write(database, "nhf", 3)
    anchors = {chain: check.anchor for chain, check in checks(database).items()}
    tamper(statements)

    assert faults(database) == {}
    assert faults(database, anchors) == {"nhf": fault}


def test_an_act_that_is_taken_back_leaves_no_link(database: Database) -> None:
    write(database, "nhf")
    with database.begin(all_tenants("test")) as session:
        session.execute(text(INSERT))
        session.rollback()
    write(database, "nhf")

    assert checks(database)["nhf"].anchor.number == 2
    assert faults(database) == {}


def test_twenty_writers_at_once_make_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(20) as writers:
        list(writers.map(lambda number: write(database, f"org{number % 2}", 25), range(20)))

    assert {chain: found.anchor.number for chain, found in checks(database).items()} == {"org0": 250, "org1": 250}
    assert faults(database) == {}


def test_a_writer_that_stands_still_before_its_commit_holds_nobody_up(database: Database, log_url: str) -> None:
    with psycopg.connect(log_url) as frozen:
        frozen.execute(INSERT)
        begun = time.monotonic()
        write(database, "nhf", 5)
        took = time.monotonic() - begun
        frozen.commit()

    assert took < 1.0
    assert checks(database)["nhf"].anchor.number == 6
    assert faults(database) == {}


def test_writers_that_are_killed_leave_a_whole_chain(
    database: Database, log_url: str, postgres_server: PostgresServer
) -> None:
    stop = threading.Event()

    def keep_writing(_: int) -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(log_url) as connection:
                    while not stop.is_set():
                        connection.execute(INSERT)
                        connection.commit()
            except psycopg.OperationalError:
                continue

    with ThreadPoolExecutor(4) as writers, psycopg.connect(postgres_server.superuser_dsn, autocommit=True) as killer:
        done = [writers.submit(keep_writing, number) for number in range(4)]
        for _ in range(20):
            killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'audit_log'")
            stop.wait(0.05)  # a little more of the chain between two kills
        stop.set()
        for each in done:
            each.result()

    with database.begin(all_tenants("test")) as session:
        written = session.scalar(text("SELECT count(*) FROM audit_entry"))
    assert written
    assert checks(database)["nhf"].anchor.number == written
    assert faults(database) == {}


def test_the_command_names_the_break_and_keeps_anchors_only_when_all_is_well(
    database: Database, tamper: Tamper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchors = tmp_path / "anchors.json"
    write(database, "nhf", 2)
    write(database, None)

    assert verify(database, anchors) == 0
    assert "2 chains, 3 entries, all whole." in capsys.readouterr().out
    kept = anchors.read_bytes()

    write(database, "nhf")
    tamper("UPDATE audit_entry SET object_id = 'x' WHERE id = 2")
    assert verify(database, anchors) == 1
    output = capsys.readouterr().out
    assert "nhf: BROKEN: link 2: entry 2 was changed, or its link was." in output
    assert "(no organisation): 1 entries, whole" in output
    assert anchors.read_bytes() == kept

    anchors.write_text("[]")
    assert verify(database, anchors) == 2
