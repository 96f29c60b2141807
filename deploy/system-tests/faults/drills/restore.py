"""Each of the three databases alone goes back to an earlier moment; the runbook mends what can be mended."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
from asking import LAPSES, ask
from databases import ROLES
from embedded_postgres import EmbeddedPostgres
from psycopg.sql import SQL, Identifier
from running import eventually

from ..client import Client
from ..crowd import address_of
from ..figures import Findings
from ..victims import Frozen, pids_of, send
from ..world import World

SERVICES = ("orchestrator", "notification", "acknowledgement")
MENTORS = 15
SETTLED_WITHIN = 60.0
NO_HEARTBEAT_WITHIN = 40.0
"""`outbox quarantine` refuses as long as a relay had a heartbeat within the last 20 seconds."""
EXPIRED = "certification_expired"


class Moment:
    """A copy of one service's database, as it is when this is made. The service's connections are cut meanwhile."""

    def __init__(self, world: World, service: str) -> None:
        self._server = EmbeddedPostgres(world.stack.data / "postgres")
        self._service, self._copy = service, f"{service}_moment"
        self._alone("CREATE DATABASE {copy} TEMPLATE {service}")

    def restore(self) -> None:
        self._alone("ALTER DATABASE {service} RENAME TO lost", "ALTER DATABASE {copy} RENAME TO {service}")
        with psycopg.connect(self._server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("DROP DATABASE lost")
        roles = [f"{self._service}_{kind}" for kind in ("owner", "app", "read")]
        self._server.create_database(self._service, roles[0])
        self._server.create_roles(self._service, ROLES.read_text(), roles)

    def _alone(self, *statements: str) -> None:
        names = {"service": Identifier(self._service), "copy": Identifier(self._copy)}
        allow = "ALTER DATABASE {service} ALLOW_CONNECTIONS "
        with psycopg.connect(self._server.dsn("postgres"), autocommit=True) as connection:
            connection.execute(SQL(allow + "false").format(**names))
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [self._service]
            )
            for statement in statements:
                connection.execute(SQL(statement).format(**names))
            connection.execute(SQL(allow + "true").format(**names))


def each_alone(world: World) -> Findings:
    """Nothing is mailed twice, new addresses arrive, all lapses are there; only what the moment excludes is lost."""
    findings = Findings(title="Each database alone restored to an earlier moment")
    for service in SERVICES:
        _drill(world, findings, service)
    return findings


def _drill(world: World, findings: Findings, service: str) -> None:
    client, settled = world.client(), list[float | None]()
    earlier, later, paused, waiting, moved = world.ours.mentors(5)
    client.record(earlier, event_type=EXPIRED)
    settled.append(world.settle(SETTLED_WITHIN))
    world.to_notification.refuse()
    world.sink.close()
    client.record(waiting, once=True)
    if service == "notification":  # its own message waits at the moment, not the orchestrator's
        world.to_notification.forward()
        eventually(lambda: world.evidence.open_messages()["notification"], within=SETTLED_WITHIN)
    moment = Moment(world, service)
    world.heal()
    client.record(later, event_type=EXPIRED)
    client.record(paused)
    _import(world, moved, f"first-{address_of(moved)}")
    _acknowledge(world, earlier)
    settled.append(world.settle(SETTLED_WITHIN))
    mails = _mails(world)
    findings.check(f"{service}: mails before", mails, bar="= 8", holds=mails == 8)

    _restore(world, service, moment)
    _mend(world, client, service, [later, paused], moved)
    settled.append(world.settle(SETTLED_WITHIN))
    _run(world, "notification", "lapses", "reopen")
    _run(world, "notification", "lapses", "reopen", "ours")
    settled.append(world.settle(SETTLED_WITHIN))

    findings.check(f"{service}: mails after", _mails(world), bar=f"= {mails}", holds=_mails(world) == mails)
    _check(world, findings, service, earlier=earlier, later=later, moved=moved)
    newest = f"second-{address_of(moved)}"
    _import(world, moved, newest)
    settled.append(world.settle(SETTLED_WITHIN))
    found = _address(world, moved)
    findings.check(f"{service}: newest address", found, bar=newest, holds=found == newest)
    findings.check(f"{service}: settled", len(settled), bar="each time", holds=None not in settled)
    world.sink.record.forget()


def _check(world: World, findings: Findings, service: str, *, earlier: str, later: str, moved: str) -> None:
    """What came back, and that exactly what the moment excludes is lost."""
    query = "SELECT mentor_id, acknowledged_at IS NOT NULL FROM lapse WHERE mentor_id = ANY(%s) ORDER BY 1"
    lapses = world.evidence.rows("acknowledgement", query, [earlier, later])
    wanted = [(earlier, service != "acknowledgement"), (later, False)]
    findings.check(f"{service}: lapses", len(lapses), bar="= 2", holds=lapses == wanted, evidence=[str(lapses)])
    first = f"first-{address_of(moved)}"
    findings.check(f"{service}: address", _address(world, moved), bar=first, holds=_address(world, moved) == first)
    known = world.evidence.count("notification", "SELECT count(*) FROM dispatch WHERE mentor_id = %s", later)
    bar = 0 if service == "notification" else 1
    findings.check(f"{service}: notices of a lost time", known, bar=f"= {bar}", holds=known == bar)


def _restore(world: World, service: str, moment: Moment) -> None:
    """Steps 1 to 3 of the runbook; stopped processes stand for ended ones until the quarantine is over."""
    parts = [f"{service}.{role}" for role in ("web", "relay", "schedule")]
    pids = [pid for part in parts for pid in pids_of(world.describe, part)]
    with Frozen(pids):
        moment.restore()
        if service != "acknowledgement":
            command = ("outbox", "quarantine")
            eventually(lambda: "in quarantine" in _run(world, service, *command), within=NO_HEARTBEAT_WITHIN)
        for pid in pids:
            send(pid, signal.SIGKILL, name=service)
    address = str(world.describe()[service])
    eventually(lambda: _is_ready(address), within=SETTLED_WITHIN)


def _mend(world: World, client: Client, service: str, lost: list[str], moved: str) -> None:
    """Steps 4 to 6."""
    if service == "orchestrator":
        _run(world, service, "outbox", "release")
        _import(world, moved, f"first-{address_of(moved)}")
        client.record(lost[0], event_type=EXPIRED)
        client.record(lost[1])
    elif service == "notification":  # the mail server's log says that they were delivered
        for line in _run(world, service, "outbox", "list", "--final-state", "quarantined").splitlines()[:-1]:
            _run(world, service, "outbox", "discard", line.split()[0])
    if service != "acknowledgement":
        _run(world, "orchestrator", "contacts", "resend")


def _is_ready(address: str) -> bool:
    try:
        return ask(address, "GET", "/readyz").status == 200
    except OSError:
        return False


def _run(world: World, service: str, *arguments: str) -> str:
    settings = {**os.environ, **world.settings, **world.describe()["settings"][service]}
    command = [sys.executable, "-m", f"{service}_service", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False, timeout=120).stdout


def _import(world: World, mentor: str, address: str) -> None:
    file = Path(world.stack.data.parent / "moved.csv")
    with file.open("w", newline="") as output:
        csv.writer(output).writerows([
            ["record", "id", "organisation", "name", "email"],
            ["mentor", mentor, world.ours.name, "Mentor", address],
        ])  # fmt: skip
    assert "people: 0 new, 1 changed" in _run(world, "orchestrator", "directory", "import", str(file))


def _acknowledge(world: World, mentor: str) -> None:
    query = "SELECT notification_id::text, coordinator_id FROM lapse WHERE mentor_id = %s"
    ((notification, coordinator),) = world.evidence.rows("acknowledgement", query, mentor)
    body = {"notification_id": notification, "coordinator_id": coordinator}
    answer = ask(str(world.describe()["acknowledgement"]), "POST", LAPSES, body=body)
    assert answer.status == 201, answer.content


def _address(world: World, mentor: str) -> str:
    return str(world.evidence.rows("notification", "SELECT email FROM contact WHERE id = %s", mentor)[0][0])


def _mails(world: World) -> int:
    return sum(len(copies) for copies in world.sink.record.copies().values())
