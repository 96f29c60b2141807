"""The service as it runs: a relay process, a real mail server, the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from notification_service.__main__ import main
from notification_service.domain.access import ANONYMOUS
from notification_service.usecases.announcements import Announcements
from notification_service.usecases.person_data import Contacts
from psycopg.sql import SQL, Identifier
from shared_lib.database.engine import Database
from shared_lib.errors import Rejected, Unreachable
from shared_lib.outbox import Dispatcher
from shared_lib_testing.issuer import Issuer
from shared_lib_testing.postgres import Addresses, PostgresServer, read_only_database

from ..builders import a_contact, a_coordinator, an_announcement, an_organisation
from ..fakes import FakeMailer
from ..smtp_server import ScriptedServer, cut, reply


@pytest.fixture
def mail_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def environ(database_url: str, issuer: Issuer, mail_server: ScriptedServer) -> dict[str, str]:
    return issuer.environ(
        DATABASE_URL=database_url,
        ACKNOWLEDGEMENT_URL="http://127.0.0.1:9",
        SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}",
        MAIL_FROM="likeperson@portal.example",
        TIME_SCALE="0.01",
    )


StartRelay = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start_relay(environ: dict[str, str]) -> Iterator[StartRelay]:
    running: list[subprocess.Popen[bytes]] = []

    def started() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "notification_service", "relay"]
        running.append(subprocess.Popen(command, env={**os.environ, **environ}, stdout=subprocess.PIPE))
        return running[-1]

    yield started
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def queued(announcements: Announcements, contacts: Contacts, mailer: FakeMailer) -> None:
    """A pause whose messages could not be sent yet."""
    contacts.put(organisations=[an_organisation()], people=[a_contact(), a_coordinator()])
    mailer.failure = Unreachable("down")
    announcements.announce(an_announcement(), ANONYMOUS)


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def statuses(everything_url: str) -> list[str]:
    with psycopg.connect(everything_url) as connection:
        return [row[0] for row in connection.execute("SELECT status FROM message ORDER BY number").fetchall()]


def acts(everything_url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(everything_url) as connection:
        return connection.execute(
            "SELECT action, actor_id, object_id, organisation_id FROM audit_entry ORDER BY id"
        ).fetchall()


@pytest.mark.usefixtures("queued")
def test_the_relay_sends_what_the_web_could_not(
    everything_url: str, mail_server: ScriptedServer, start_relay: StartRelay
) -> None:
    start_relay()

    assert eventually(lambda: statuses(everything_url) == ["sent", "sent"])
    assert len(mail_server.stored) == 2


@pytest.mark.usefixtures("queued")
def test_a_mail_stored_and_cut_off_arrives_twice_at_most(
    everything_url: str, mail_server: ScriptedServer, start_relay: StartRelay
) -> None:
    mail_server.script["dot"] = cut
    start_relay()

    assert eventually(lambda: statuses(everything_url) == ["unknown", "unknown"])
    assert len(mail_server.stored) == 4
    first_lines = {
        next(line for line in mail.split(b"\r\n") if line.startswith(b"Message-ID")) for mail in mail_server.stored
    }
    assert len(first_lines) == 2


@pytest.mark.usefixtures("queued")
def test_a_refusal_for_good_ends_it(everything_url: str, mail_server: ScriptedServer, start_relay: StartRelay) -> None:
    mail_server.script["RCPT"] = reply(b"550 no such user")
    start_relay()

    assert eventually(lambda: statuses(everything_url) == ["failed", "failed"])


def test_the_relay_leaves_when_asked(start_relay: StartRelay) -> None:
    relay_process = start_relay()
    assert relay_process.stdout is not None
    assert json.loads(relay_process.stdout.readline())["event"] == "relay.started"

    relay_process.send_signal(signal.SIGTERM)

    assert relay_process.wait(20) == 0


@pytest.mark.usefixtures("queued")
def test_a_relay_on_a_read_only_database_waits_and_leaves_when_asked(
    addresses: Addresses, start_relay: StartRelay
) -> None:
    with read_only_database(addresses.owner):
        staying, leaving = start_relay(), start_relay()
        for process in (staying, leaving):
            assert process.stdout is not None
            assert any(json.loads(line)["event"] == "outbox.database_lost" for line in process.stdout)
        leaving.send_signal(signal.SIGTERM)
        assert leaving.wait(20) == 0

    assert eventually(lambda: statuses(addresses.everything) == ["sent", "sent"])
    assert staying.poll() is None


@pytest.mark.usefixtures("queued")
def test_a_relay_that_is_rolled_out_too_early_waits_for_the_migration(
    addresses: Addresses, start_relay: StartRelay
) -> None:
    with psycopg.connect(addresses.owner, autocommit=True) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert found is not None
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        relay_process = start_relay()
        assert relay_process.stdout is not None
        events = [json.loads(relay_process.stdout.readline())["event"] for _ in range(2)]
        assert events == ["relay.started", "relay.waiting_for_schema"]
        assert statuses(addresses.everything) == ["queued", "queued"]

        connection.execute("UPDATE alembic_version SET version_num = %s", found)

    assert eventually(lambda: statuses(addresses.everything) == ["sent", "sent"])


@pytest.mark.usefixtures("queued")
def test_a_dead_letter_is_listed_and_replayed_under_its_old_id(
    environ: dict[str, str],
    everything_url: str,
    dispatcher: Dispatcher,
    mailer: FakeMailer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mailer.failure = Rejected("smtp_550")
    dispatcher.clock.pass_by(seconds=20)
    dispatcher.run_once()
    capsys.readouterr()

    assert main(["outbox", "list"], environ) == 0
    listed = capsys.readouterr().out
    assert listed.count("smtp_550") == 2
    outbox_id = listed.split()[0]
    assert main(["outbox", "replay", outbox_id], environ) == 0
    assert main(["outbox", "replay", outbox_id], environ) == 1

    mailer.failure = None
    dispatcher.clock.pass_by(seconds=1)
    assert dispatcher.run_once() == 1
    assert sorted(statuses(everything_url)) == ["failed", "sent"]
    assert acts(everything_url)[1:] == [("outbox_replay", "operations", outbox_id, "lhl")]


@pytest.mark.usefixtures("queued")
def test_after_a_restore_all_is_held_and_released_by_command_and_audited(
    environ: dict[str, str],
    everything_url: str,
    dispatcher: Dispatcher,
    mailer: FakeMailer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["outbox", "quarantine"], environ) == 0
    assert capsys.readouterr().out.endswith("2 in quarantine.\n")
    mailer.failure = None
    dispatcher.clock.pass_by(seconds=20)
    assert dispatcher.run_once() == 0

    assert main(["outbox", "release"], environ) == 0
    dispatcher.clock.pass_by(seconds=1)
    assert dispatcher.run_once() == 2
    assert statuses(everything_url) == ["sent", "sent"]
    assert [act[0] for act in acts(everything_url)[1:]] == ["outbox_quarantine"] * 2 + ["outbox_release"] * 2


@pytest.fixture
def copy_database(postgres_server: PostgresServer, database: Database) -> Iterator[Callable[[str, str], None]]:
    """A back-up, or a restore: puts the one database in the place of the other."""

    def copy(source: str, target: str) -> None:
        database.engine.dispose()
        with psycopg.connect(postgres_server.superuser_dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [source]
            )
            connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(target)))
            connection.execute(
                SQL("CREATE DATABASE {} TEMPLATE {} OWNER notification_owner").format(
                    Identifier(target), Identifier(source)
                )
            )

    yield copy
    with psycopg.connect(postgres_server.superuser_dsn, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS backup WITH (FORCE)")


@pytest.mark.usefixtures("queued")
def test_after_a_restore_nothing_is_sent_that_was_sent_since_the_back_up(
    environ: dict[str, str],
    everything_url: str,
    mail_server: ScriptedServer,
    start_relay: StartRelay,
    copy_database: Callable[[str, str], None],
) -> None:
    copy_database("notification", "backup")
    before = start_relay()
    assert eventually(lambda: len(mail_server.stored) == 2)
    before.terminate()
    before.wait(20)

    copy_database("backup", "notification")
    assert statuses(everything_url) == ["queued", "queued"]
    assert main(["outbox", "quarantine"], environ) == 0
    start_relay()
    with psycopg.connect(everything_url) as connection:
        held = connection.execute(
            "SELECT id::text FROM outbox_closed WHERE final_state = 'quarantined' ORDER BY seq"
        ).fetchall()
    assert main(["outbox", "replay", held[0][0]], environ) == 0

    assert eventually(lambda: "sent" in statuses(everything_url))
    assert statuses(everything_url) == ["sent", "queued"]
    assert len(mail_server.stored) == 3


def test_a_bad_setting_is_explained_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate"], {}) == 2
    assert "MAIL_FROM is not set" in capsys.readouterr().err


def test_the_document_can_be_printed_without_any_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi"], {}) == 0
    assert json.loads(capsys.readouterr().out)["openapi"] == "3.1.0"
