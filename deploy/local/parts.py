"""The parts of the running system: starts them in order, keeps them running, stops them in order."""

import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import data_directory
import readiness
from databases import Databases
from interruption import Interruption
from settings import SERVICES, WITH_RELAY, Settings
from supervisor import LOOK_EVERY, Supervisor

READY_WITHIN = 120.0
PORTS_FREE_WITHIN = 3.0
WEBS = [f"{service}.web" for service in SERVICES]
RELAYS = [f"{service}.relay" for service in WITH_RELAY]
SCHEDULERS = [f"{service}.schedule" for service in SERVICES]


class PortTaken(Exception):
    """Another program listens on a port of the system."""


class TooSlow(Exception):
    """A part did not become ready in time; the message names it."""


class Parts:
    def __init__(self, settings: Settings, databases: Databases, interruption: Interruption) -> None:
        self._settings = settings
        self._databases = databases
        self._interruption = interruption
        self._supervisor = Supervisor(settings.logs, note=self.say)

    def say(self, line: str) -> None:
        """Write a line to the log, and to a terminal; never to a pipe, which blocks when nothing reads it."""
        with (self._settings.logs / "stack.log").open("a") as log:
            log.write(f"{datetime.now().astimezone().isoformat(timespec='milliseconds')} {line}\n")
        if sys.stderr.isatty():
            print(line, file=sys.stderr, flush=True)

    def start(self) -> None:
        """Start everything and wait until it answers. The gateway and the mailbox start while the database does."""
        self._find_ports()
        self._settings.keys.ensure()
        self._supervisor.start(self._settings.gateway())
        if self._settings.mailbox:
            self._supervisor.start(self._settings.mail_server())
        self.say("Starting the database server ...")
        self._databases.start()
        self._look()
        self._migrate()
        self._start_services()
        for service, dsn in self._app_dsns().items():
            self._supervisor.start(self._settings.service(service, dsn, "schedule"))

    def _find_ports(self) -> None:
        """Check that all ports are free; those of a stack that was just killed take a moment."""
        deadline = time.monotonic() + PORTS_FREE_WITHIN
        for name, port in self._settings.ports.items():
            while not readiness.is_free(port):
                self._interruption.check()
                if time.monotonic() > deadline:
                    raise PortTaken(
                        f"Port {port} ({name}) is taken, or we may not use it; choose another with PORT= (--port-base)."
                    )
                time.sleep(LOOK_EVERY)

    def _migrate(self) -> None:
        self.say("Bringing the three databases up to date ...")
        addresses = self._databases.addresses
        migrations = [self._settings.migration(name, addresses[name].app, addresses[name].owner) for name in SERVICES]
        self._supervisor.run(migrations, meanwhile=self._look)

    def _start_services(self) -> None:
        """The relays come after the webs: their first call then succeeds, and no back-off delays the sample."""
        self.say("Starting the services ...")
        dsns, ports = self._app_dsns(), self._settings.ports
        directory = self._databases.addresses["orchestrator"].reader_of_all_tenants
        wants_sample = self._settings.sample and not readiness.has_rows(directory, "organisation")
        for service in SERVICES:
            self._supervisor.start(self._settings.service(service, dsns[service], "web"))
        if wants_sample:
            self._supervisor.run(self._settings.sample_imports(dsns), meanwhile=self._look)
        for service in SERVICES:
            self._wait(f"The {service} service", partial(readiness.is_well, ports[service], "/readyz"))
        for service in WITH_RELAY:
            self._supervisor.start(self._settings.service(service, dsns[service], "relay"))
        for service in WITH_RELAY:
            reader = self._databases.addresses[service].reader_of_all_tenants
            self._wait(f"The relay of {service}", partial(readiness.has_rows, reader, "outbox_worker"))
        self._wait("The gateway", partial(readiness.answers, ports["gateway"]))
        if self._settings.mailbox:
            self._wait("The mailbox", partial(readiness.greets, ports["smtp"]))
        if wants_sample:
            self._wait("The delivery of the sample", lambda: not readiness.has_messages_for_now(directory))

    def _app_dsns(self) -> dict[str, str]:
        return {service: addresses.app for service, addresses in self._databases.addresses.items()}

    def _wait(self, what: str, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not is_there():
            self._look()
            self._supervisor.raise_if_hopeless()
            if time.monotonic() > deadline:
                raise TooSlow(f"{what} is not ready after {READY_WITHIN:.0f} s; see {self._settings.logs}.")
            time.sleep(LOOK_EVERY / 2)

    def watch(self) -> None:
        """Until an interruption: restart processes that ended, and keep stack.json up to date."""
        described: dict[str, Any] = {}
        while True:
            time.sleep(LOOK_EVERY)
            self._look()
            if (description := self.describe()) != described:
                data_directory.write_description(self._settings.data, description)
                described = description

    def _look(self) -> None:
        self._interruption.check()
        self._supervisor.watch()
        self._databases.watch(self.say)

    def stop(self) -> None:
        """The gateway first, the database last, so that requests in progress can finish."""
        for group in (["gateway"], SCHEDULERS, WEBS, RELAYS, ["mailbox"]):
            self._supervisor.stop(group, hurried=self._interruption.is_hurried)
        self._databases.stop()

    def describe(self) -> dict[str, Any]:
        """The content of stack.json: addresses, files, settings and process ids."""
        settings, dsns = self._settings, self._app_dsns()
        running = self._supervisor.pids()
        alone = {name: running.pop(name)[0] for name in ("gateway", "mailbox") if name in running}
        return {
            "gateway": settings.url("gateway"),
            **{service: settings.url(service) for service in SERVICES},
            "smtp": settings.smtp_address,
            "mailbox": str(settings.maildir) if settings.mailbox else None,
            "databases": {
                name: addresses.owner_of_all_tenants for name, addresses in self._databases.addresses.items()
            },
            "pids": {**running, "postgres": self._databases.pid, **alone},
            "logs": str(settings.logs),
            "jwks": settings.jwks,
            "issuer": settings.issuer,
            "audiences": settings.audiences,
            "private_key": str(settings.keys.private_key),
            "service_key": str(settings.keys.service_key),
            "service_jwks": str(settings.keys.service_jwks),
            "settings": {service: settings.of_service(service, dsns[service]) for service in SERVICES},
        }
