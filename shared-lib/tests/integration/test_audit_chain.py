"""The audit trail's hash chain: made with the act, by everybody at once, and broken by whoever touches it."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from shared_lib import maintenance
from shared_lib.audit import commands, create_chain
from shared_lib.audit.verification import Anchor, Trail, Verdict
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib_testing.postgres import PostgresServer, database_for, truncate_all
from sqlalchemy import text

OLD = "INSERT INTO trail (organisation_id, at, said) VALUES ('old', now(), '{}'), ('old', now(), '{}')"
Tamper = Callable[[str], None]


def _create(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "CREATE TABLE trail (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organisation_id text, "
            "at timestamptz NOT NULL, said jsonb NOT NULL, note text)"
        )
        connection.execute(OLD)
        for statements in create_chain("trail"):
            connection.execute(statements.encode())


@pytest.fixture(scope="module")
def trail_url(postgres_server: PostgresServer) -> str:
    return database_for(postgres_server, "trail", _create).owner


@pytest.fixture
def database(trail_url: str) -> Iterator[Database]:
    truncate_all(trail_url)
    database = Database.open(trail_url, pool_size=20)
    yield database
    database.close()


@pytest.fixture
def tamper(postgres_server: PostgresServer) -> Tamper:
    """What somebody could do who has got hold of the whole server."""
    parts = urlsplit(postgres_server.superuser_dsn)

    def execute(statement: str) -> None:
        with psycopg.connect(urlunsplit(parts._replace(path="/trail"))) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement.encode())

    return execute


def write(database: Database, organisation_id: str | None = "nhf", times: int = 1, said: object = None) -> None:
    insert = text("INSERT INTO trail (organisation_id, at, said) VALUES (:organisation, now(), CAST(:said AS jsonb))")
    for number in range(times):
        with database.begin(all_tenants("test")) as session:
            said_now = json.dumps(said if said is not None else {"number": number})
            session.execute(insert, {"organisation": organisation_id, "said": said_now})


def verdicts(database: Database, anchors: dict[str, Anchor] | None = None) -> dict[str, Verdict]:
    found = Trail(database, "trail").verify(anchors or {}, lambda *_: None)
    return {verdict.chain: verdict for verdict in found}


def faults(database: Database, anchors: dict[str, Anchor] | None = None) -> dict[str, str]:
    return {chain: found.fault for chain, found in verdicts(database, anchors).items() if found.fault is not None}


def test_each_organisation_has_a_chain_and_so_have_the_acts_of_nobody(database: Database) -> None:
    write(database, "nhf", 3)
    write(database, "lhl", 2)
    write(database, None)

    found = verdicts(database)

    assert {chain: (verdict.anchor.number, verdict.fault) for chain, verdict in found.items()} == {
        "": (1, None),
        "lhl": (2, None),
        "nhf": (3, None),
    }


def test_the_documented_form_is_all_it_takes_to_compute_a_hash(database: Database) -> None:
    write(database, "nhf", said={"b": [1, None], "a": "blåbær"})
    with database.begin(all_tenants("test")) as session:
        session.execute(text("SET LOCAL timezone = 'America/Lima'"))
        row_id, moment, digest = session.execute(
            text("SELECT t.id, to_json(at AT TIME ZONE 'UTC')::text, hash FROM trail t, audit_link")
        ).one()

    at = moment.strip('"') + "+00:00"
    form = f'{{"at": "{at}", "id": {row_id}, "said": {{"a": "blåbær", "b": [1, null]}}, "organisation_id": "nhf"}}'
    expected = hashlib.sha256(hashlib.sha256(b"nhf").digest() + form.encode()).digest()
    assert bytes(digest) == expected


def test_entries_from_before_the_chain_are_in_it(postgres_server: PostgresServer) -> None:
    database = Database.open(database_for(postgres_server, "old_trail", _create).owner)

    found = verdicts(database)
    database.close()

    assert (found["old"].anchor.number, found["old"].fault) == (2, None)


def test_a_column_that_is_added_later_breaks_nothing(postgres_server: PostgresServer) -> None:
    url = database_for(postgres_server, "wider_trail", _create).owner
    database = Database.open(url)
    write(database, "nhf", 2)
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE trail ADD COLUMN later text")
    write(database, "nhf", 2)

    found = verdicts(database)
    database.close()

    assert (found["nhf"].anchor.number, found["nhf"].fault) == (4, None)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE trail SET said = '{}' WHERE id = 2", "link 2: entry 2 was changed, or its link was"),
        ("UPDATE trail SET at = at + interval '1 us' WHERE id = 2", "link 2: entry 2 was changed, or its link was"),
        ("UPDATE trail SET note = 'x' WHERE id = 1", "link 1: entry 1 was changed, or its link was"),
        ("DELETE FROM trail WHERE id = 3", "link 3: entry 3 was removed"),
        ("DELETE FROM trail WHERE id = 5", "link 5: entry 5 was removed"),
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
    tamper("INSERT INTO trail (organisation_id, at, said) VALUES ('nhf', now(), '{}')")

    assert list(faults(database).values()) == ["entry 3 is in no chain"]


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (
            "DELETE FROM trail WHERE id = 3; DELETE FROM audit_link WHERE number = 3; "
            "UPDATE audit_head SET number = 2, hash = (SELECT hash FROM audit_link WHERE number = 2)",
            "link 3 was removed: there were 3 when the chain was anchored",
        ),
        (
            "DELETE FROM audit_head; DELETE FROM audit_link; UPDATE trail SET said = '[]'; "
            "DO 'DECLARE e trail; BEGIN FOR e IN SELECT * FROM trail ORDER BY id LOOP "
            "PERFORM audit_append(e); END LOOP; END'",
            "link 3: the chain was written anew since it was anchored",
        ),
        ("DELETE FROM trail; DELETE FROM audit_link; DELETE FROM audit_head", "the whole chain is gone"),
    ],
)
def test_whoever_rewrites_the_end_with_its_head_is_found_by_an_anchor(
    database: Database, tamper: Tamper, statements: str, fault: str
) -> None:
    write(database, "nhf", 3)
    anchors = {chain: verdict.anchor for chain, verdict in verdicts(database).items()}
    tamper(statements)

    assert faults(database) == {}
    assert faults(database, anchors) == {"nhf": fault}


def test_an_act_that_is_taken_back_leaves_no_link(database: Database) -> None:
    write(database, "nhf")
    with database.begin(all_tenants("test")) as session:
        session.execute(text("INSERT INTO trail (organisation_id, at, said) VALUES ('nhf', now(), '{}')"))
        session.rollback()
    write(database, "nhf")

    assert verdicts(database)["nhf"].anchor.number == 2
    assert faults(database) == {}


def test_twenty_writers_at_once_make_one_chain(database: Database) -> None:
    with ThreadPoolExecutor(20) as writers:
        list(writers.map(lambda number: write(database, f"org{number % 2}", 25), range(20)))

    assert {chain: found.anchor.number for chain, found in verdicts(database).items()} == {"org0": 250, "org1": 250}
    assert faults(database) == {}


def test_a_writer_that_stands_still_before_its_commit_holds_nobody_up(database: Database, trail_url: str) -> None:
    with psycopg.connect(trail_url) as frozen:
        frozen.execute("INSERT INTO trail (organisation_id, at, said) VALUES ('nhf', now(), '{}')")
        begun = time.monotonic()
        write(database, "nhf", 5)
        took = time.monotonic() - begun
        frozen.commit()

    assert took < 1.0
    assert verdicts(database)["nhf"].anchor.number == 6
    assert faults(database) == {}


def test_writers_that_are_killed_leave_a_whole_chain(
    database: Database, trail_url: str, postgres_server: PostgresServer
) -> None:
    stop = threading.Event()

    def keep_writing(_: int) -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(trail_url) as connection:
                    while not stop.is_set():
                        connection.execute("INSERT INTO trail (organisation_id, at, said) VALUES ('nhf', now(), '{}')")
                        connection.commit()
            except psycopg.OperationalError:
                continue

    with ThreadPoolExecutor(4) as writers, psycopg.connect(postgres_server.superuser_dsn, autocommit=True) as killer:
        done = [writers.submit(keep_writing, number) for number in range(4)]
        for _ in range(20):
            killer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'trail'")
            stop.wait(0.05)  # a little more of the chain between two kills
        stop.set()
        for each in done:
            each.result()

    with database.begin(all_tenants("test")) as session:
        written = session.scalar(text("SELECT count(*) FROM trail"))
    assert written
    assert verdicts(database)["nhf"].anchor.number == written
    assert faults(database) == {}


def test_the_command_names_the_break_and_keeps_anchors_only_when_all_is_well(
    database: Database, tamper: Tamper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    maintenance.add_audit(parser.add_subparsers(), lambda options: commands.run(options, database, table="trail"))
    options = parser.parse_args(["audit", "verify", "--anchors", str(tmp_path / "anchors.json")])
    write(database, "nhf", 2)
    write(database, None)

    assert options.command(options) == 0
    assert "2 chains, 3 entries, all whole." in capsys.readouterr().out
    kept = (tmp_path / "anchors.json").read_bytes()

    write(database, "nhf")
    tamper("UPDATE trail SET note = 'x' WHERE id = 2")
    assert options.command(options) == 1
    output = capsys.readouterr().out
    assert "nhf: BROKEN: link 2: entry 2 was changed, or its link was." in output
    assert "(no organisation): 1 entries, whole" in output
    assert (tmp_path / "anchors.json").read_bytes() == kept

    (tmp_path / "anchors.json").write_text("[]")
    assert options.command(options) == 2
