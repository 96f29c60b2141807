"""docker-compose.yml as a test runs it: a project and ports of its own, and described like a local stack."""

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from running import REPOSITORY, eventually
from shared_lib.database.row_level_security import ALL_TENANTS_SETTING

from .docker import compose_command, docker, inspect, run

SERVICES = ("orchestrator", "notification", "acknowledgement")
RELAYS = ("orchestrator-relay", "notification-relay")
RUNNING = ("database", "mailbox", "gateway", *(f"{service}-web" for service in SERVICES), *RELAYS)
HEALTHY_WITHIN = 120.0

OVERRIDE = """
services:
  database: {{networks: [data, services], ports: ["127.0.0.1::5432"]}}
  orchestrator-web: {{ports: ["127.0.0.1::8000"]}}
  notification-web: {{ports: ["127.0.0.1::8000"]}}
  acknowledgement-web: {{ports: ["127.0.0.1::8000"]}}
  mailbox: {{volumes: ["{mails}:/mails"]}}
"""
"""Published for tests only: the services themselves, their databases, the mails."""


class Composed:
    """A running system. `seconds` is how long it took from nothing but images to all containers healthy."""

    def __init__(self, directory: Path) -> None:
        self.data = directory / "stack"
        mails = self.data / "mails"
        mails.mkdir(parents=True)
        mails.chmod(0o777)
        (self.data / "override.yml").write_text(OVERRIDE.format(mails=mails))
        self.environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": f"test-{secrets.token_hex(4)}",
            "COMPOSE_FILE": f"{REPOSITORY / 'docker-compose.yml'}:{self.data / 'override.yml'}",
            "GATEWAY_HTTP": "127.0.0.1:",
            "GATEWAY_HTTPS": "127.0.0.1:",
            "RATE_LIMIT_PRINCIPAL": "0",
            "RATE_LIMIT_ORGANISATION": "0",
            "ANONYMOUS_NOTICE_LIMIT": "0",
        }
        try:
            begun = time.monotonic()
            self.compose("up", "-d")
            eventually(self.is_healthy, within=HEALTHY_WITHIN, every=0.5)
            self.seconds = time.monotonic() - begun
            docker("cp", f"{self.container('secrets')}:/secrets", str(self.data))
            eventually(self._has_its_sample, within=60)
        except BaseException:
            print(self.compose("logs", "--tail", "40"))
            self.kill()
            raise

    def compose(self, *arguments: str) -> str:
        """Run docker compose on this project; answers what it prints."""
        return run([*compose_command(), *arguments], env=self.environment, cwd=REPOSITORY)

    def _has_its_sample(self) -> bool:
        loads = [inspect(self.container(service))["State"]["Status"] for service in ("sample-people", "sample-lapses")]
        return set(loads) == {"exited"} and self.outbox_messages("orchestrator") == 0

    def containers(self, service: str) -> list[str]:
        """Ids, of ended ones as well."""
        project = self.environment["COMPOSE_PROJECT_NAME"]
        labels = {"project": project, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return docker("ps", "--all", "--quiet", "--no-trunc", *filters).split()

    def container(self, service: str) -> str:
        (found,) = self.containers(service)
        return found

    def is_healthy(self, *services: str) -> bool:
        """Are all containers of these services (by default all that keep running) there and healthy?"""
        found = [self.containers(service) for service in services or RUNNING]
        states = [inspect(container)["State"] for containers in found for container in containers]
        return all(found) and all(state.get("Health", {}).get("Status") == "healthy" for state in states)

    def scale(self, service: str, count: int) -> None:
        """As many containers of a service, all of them healthy."""
        self.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", f"{service}={count}", service)
        eventually(lambda: len(self.containers(service)) == count, within=HEALTHY_WITHIN, every=0.5)
        eventually(self.is_healthy, within=HEALTHY_WITHIN, every=0.5)

    def replace(self, service: str) -> None:
        """By new containers, the web process's and the relay's, as operations do it (deploy/compose/README.md)."""
        run(["sh", "deploy/compose/roll.sh", f"{service}-web"], env=self.environment, cwd=REPOSITORY)
        if f"{service}-relay" in RELAYS:
            self.compose("up", "-d", "--no-deps", "--force-recreate", f"{service}-relay")
        self._forget_ports()
        eventually(self.is_healthy, within=HEALTHY_WITHIN, every=0.5)

    def restart(self, service: str) -> None:
        """Stop it and start it again; returns when every container is healthy."""
        docker("restart", "--time", "35", self.container(service))
        self._forget_ports()
        eventually(self.is_healthy, within=HEALTHY_WITHIN, every=0.5)

    @contextmanager
    def frozen(self, service: str) -> Iterator[None]:
        """It takes connections and says nothing, until the end of the block."""
        container = self.container(service)
        docker("pause", container)
        try:
            yield
        finally:
            docker("unpause", container)

    def _forget_ports(self) -> None:
        """A container that was started anew is published at another port of this machine."""
        with suppress(AttributeError):
            del self.description

    def port(self, service: str, inside: int) -> int:
        """Where a port of the service's first container is published on this machine."""
        published = inspect(self.containers(service)[-1])["NetworkSettings"]["Ports"][f"{inside}/tcp"]
        return int(published[0]["HostPort"])

    def query(self, service: str, statement: str) -> list[list[str]]:
        """Ask a database as its superuser."""
        psql = ["psql", "-U", "postgres", "-d", service, "-At", "-F", "|", "-h", "/run/postgresql", "-c", statement]
        lines = docker("exec", "-u", "postgres", self.container("database"), *psql).splitlines()
        return [line.split("|") for line in lines]

    def outbox_messages(self, service: str) -> int:
        """How many open outbox messages this service has that were not stored for a later time."""
        now_alone = "select count(*) from outbox where attempts > 0 or due_at <= created_at"
        ((count,),) = self.query(service, now_alone)
        return int(count)

    @cached_property
    def description(self) -> dict[str, Any]:
        """As stack.json has it."""
        handed_out = self.data / "secrets"
        described: dict[str, Any] = json.loads((handed_out / "trial" / "stack.json").read_text())
        urls = {service: f"http://127.0.0.1:{self.port(f'{service}-web', 8000)}" for service in SERVICES}
        dsns = {service: self._dsn(handed_out / service / "database-url") for service in SERVICES}
        spanning = "?options=" + quote(f"-c {ALL_TENANTS_SETTING}=operations")
        owners = {service: self._dsn(handed_out / "migrations" / f"{service}-url") + spanning for service in SERVICES}
        keys = handed_out / "orchestrator"
        return {
            **{**described, **urls},
            "gateway": f"http://127.0.0.1:{self.port('gateway', 8080)}",
            "mailbox": str(self.data / "mails" / "inbox"),
            "databases": owners,
            "private_key": str(handed_out / "trial" / "people.pem"),
            "jwks": str(handed_out / "trial" / "people.jwks.json"),
            "settings": {
                "orchestrator": {
                    "DATABASE_URL": dsns["orchestrator"],
                    "NOTIFICATION_URL": urls["notification"],
                    "JWT_ISSUER": described["issuer"],
                    "JWT_JWKS": str(keys / "people.jwks.json"),
                    "SERVICE_KEY": str(keys / "services.pem"),
                    "REASON_ENCRYPTION_KEYS": str(keys / "reasons.json"),
                }
            },
        }

    def _dsn(self, address: Path) -> str:
        return address.read_text().replace("@database:5432", f"@127.0.0.1:{self.port('database', 5432)}")

    def interrupt(self) -> int:
        """End it, and remove all it has left behind; answers the exit code."""
        self.compose("down", "--volumes", "--timeout", "35")
        shutil.rmtree(self.data / "mails")
        return 0

    def kill(self) -> None:
        """End it however it is."""
        self.compose("down", "--volumes", "--timeout", "0")
