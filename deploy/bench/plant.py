"""What is measured: one database server, the three services as `make run` starts them, their floors, a mail sink."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import readiness
from databases import Databases
from keys import mint
from process import Program, set_aside
from settings import SERVICES, WITH_RELAY, Settings
from supervisor import Supervisor

from .floor import SCHEMA

HERE = Path(__file__).resolve().parent
STARTED_WITHIN = 60.0
NO_LIMIT = "1000000"  # counted all the same
FLOORS = 3
SINK = 4
FIRST_FLOOR = 10
"""Ports: the services' as `make run` has them, the sink where the mailbox would be, the floors from ten on."""


class Late(Exception):
    """Something did not come up, or did not come to an end; the message names it."""


@dataclass(kw_only=True)
class Plant:
    """Start with `running`; whatever was started is stopped at the end."""

    settings: Settings
    databases: Databases
    supervisor: Supervisor
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def dsns(self) -> dict[str, str]:
        """Across all organisations, as their owners."""
        return {service: addresses.owner_of_all_tenants for service, addresses in self.databases.addresses.items()}

    def port(self, name: str) -> int:
        """Of a service, of the `sink`, or of `floor0`, `floor1`, `floor2`."""
        if name.startswith("floor"):
            return self.settings.port_base + FIRST_FLOOR + int(name[5:])
        return self.settings.port_base + SINK if name == "sink" else self.settings.ports[name]

    def pids(self, *names: str) -> list[int]:
        """The processes of these programs, such as `orchestrator.web`."""
        running = self.supervisor.pids()
        return [pid for name in names for pid in running.get(name, [])[:1]]

    @property
    def postgres(self) -> list[int]:
        return [self.databases.pid] if self.databases.pid is not None else []

    def program(self, service: str, command: str, *more: str, **settings: str) -> Program:
        """One of a service's commands; `settings` go over its environment."""
        addresses = self.databases.addresses[service]
        made = self.settings.service(service, addresses.app, command, *more)
        owner = {"DATABASE_OWNER_URL": addresses.owner} if command == "migrate" else {}
        return replace(made, environment={**made.environment, **owner, **settings})

    def start(self, *programs: Program) -> None:
        """Start them and wait for the webs to be well."""
        for program in programs:
            self.supervisor.start(program)
        for program in programs:
            if program.name.endswith(".web"):
                self.wait_for_web(int(program.environment["LISTEN_ADDRESS"].rpartition(":")[2]))

    def start_everybody(self) -> None:
        """As in `make run`; returns when the notification service knows all the people."""
        self.start(*(self.program(service, "web") for service in SERVICES))
        self.start(*(self.program(service, "relay") for service in WITH_RELAY))
        self.wait("the news of the people", lambda: not readiness.has_messages_for_now(self.dsns["orchestrator"]))

    def stop_everybody(self) -> None:
        self.stop(*(f"{service}.relay" for service in WITH_RELAY), *(f"{service}.web" for service in SERVICES))

    def wait_for_web(self, port: int) -> None:
        self.wait(f"port {port}", lambda: readiness.is_well(port, "/livez"))

    def stop(self, *names: str) -> None:
        self.supervisor.stop(list(names), hurried=lambda: False)

    def run(self, *programs: Program) -> None:
        """Commands side by side, to their end."""
        self.supervisor.run(programs, meanwhile=self.supervisor.raise_if_hopeless)

    def wait(self, what: str, is_there: Callable[[], bool], *, within: float = STARTED_WITHIN) -> None:
        """Raises Late."""
        deadline = time.monotonic() + within
        while not is_there():
            self.supervisor.raise_if_hopeless()
            if time.monotonic() > deadline:
                raise Late(f"{what} is not there after {within:.0f} s; see {self.settings.logs}")
            time.sleep(0.02)

    def start_floors(self) -> None:
        """Three bare services in a row, each calling the next, all on one database."""
        dsn = self.databases.create("floor").owner
        with psycopg.connect(dsn) as connection:
            connection.execute(SCHEMA)
        for number in range(FLOORS):
            following = f"http://127.0.0.1:{self.port(f'floor{number + 1}')}/hop" if number + 1 < FLOORS else ""
            self.supervisor.start(self._floor(number, dsn, following))
        for number in range(FLOORS):
            self.wait_for_web(self.port(f"floor{number}"))

    def _floor(self, number: int, dsn: str, following: str) -> Program:
        return Program(
            name=f"floor{number}",
            command=[
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "python:shared_lib.gunicorn.config",
                "bench.floor:application()",
            ],
            environment={
                **self.settings.environment,
                "PYTHONPATH": str(HERE.parent),
                "LISTEN_ADDRESS": f"127.0.0.1:{self.port(f'floor{number}')}",
                "FLOOR_DATABASE": dsn,
                **({"FLOOR_NEXT": following} if following else {}),
            },
        )

    def start_sink(self) -> None:
        command = [sys.executable, str(HERE / "sink.py"), str(self.port("sink"))]
        self.supervisor.start(Program(name="sink", command=command, environment=self.settings.environment))
        self.wait("the sink", lambda: readiness.greets(self.port("sink")))

    def taken(self) -> int:
        """How many mails the sink has taken."""
        with socket.create_connection(("127.0.0.1", self.port("sink")), timeout=10) as connection:
            lines = connection.makefile("rb")
            lines.readline()
            connection.sendall(b"VRFY\r\n")
            return int(lines.readline().split()[1])

    def token(self, role: str, subject: str, organisation: str) -> Mapping[str, str]:
        """The Authorization header of a person of the organisation."""
        if (role, subject) not in self._tokens:
            self._tokens[role, subject] = mint(self._described(), role=role, subject=subject, organisation=organisation)
        return {"Authorization": f"Bearer {self._tokens[role, subject]}"}

    def _described(self) -> dict[str, Any]:
        settings = self.settings
        return {"private_key": settings.keys.private_key, "issuer": settings.issuer, "audiences": settings.audiences}


@contextmanager
def running(data: Path, *, port_base: int) -> Iterator[Plant]:
    """A database server with migrated databases; nothing else runs yet."""
    settings = Settings(data=data, port_base=port_base, mailbox=False, sample=False, environment=_environment())
    settings.logs.mkdir(parents=True)
    set_aside(settings.logs)
    settings.keys.ensure()
    supervisor = Supervisor(settings.logs, note=lambda line: print(line, file=sys.stderr))
    databases = Databases(data / "postgres", settings.logs)
    plant = Plant(settings=settings, databases=databases, supervisor=supervisor)
    try:
        databases.start()
        plant.run(*(plant.program(service, "migrate") for service in SERVICES))
        yield plant
    finally:
        supervisor.stop(list(supervisor.pids()), hurried=lambda: False)
        databases.stop()
        shutil.rmtree(data / "postgres", ignore_errors=True)


def _environment() -> dict[str, str]:
    """Ours, less what would lead the measured parts elsewhere; one INFO line per request is part of the work."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JWT_", "SMTP_", "FLOOR_"))}
    return {
        **kept,
        "SHUTDOWN_GRACE_SECONDS": "0",
        "RATE_LIMIT_PRINCIPAL": NO_LIMIT,
        "RATE_LIMIT_ORGANISATION": NO_LIMIT,
    }
