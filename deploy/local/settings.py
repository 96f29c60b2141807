"""The programs of the local system and their settings: the same environment variables that production uses."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from interpreter import REPOSITORY
from keys import Keys
from process import Program

SERVICES = ("orchestrator", "notification", "acknowledgement")
WITH_RELAY = ("orchestrator", "notification")
SAMPLE = REPOSITORY / "deploy" / "sample"
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, kw_only=True)
class Settings:
    data: Path
    port_base: int
    mailbox: bool
    sample: bool
    environment: Mapping[str, str]

    @property
    def ports(self) -> dict[str, int]:
        names = ("gateway", *SERVICES, *(["smtp"] if self.mailbox else []))
        return {name: self.port_base + number for number, name in enumerate(names)}

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def smtp_url(self) -> str:
        """The SMTP_URL of the services: from the environment, else the local mailbox."""
        return self.environment.get("SMTP_URL", f"smtp://127.0.0.1:{self.port_base + 4}")

    @property
    def smtp_address(self) -> str | None:
        """The mail server on this machine, if there is one."""
        return f"smtp://127.0.0.1:{self.ports['smtp']}" if self.mailbox else self.environment.get("SMTP_URL")

    @property
    def keys(self) -> Keys:
        return Keys.below(self.data)

    @property
    def issuer(self) -> str:
        return self.environment.get("JWT_ISSUER", "https://login.localhost")

    @property
    def audiences(self) -> dict[str, str]:
        return {service: self.environment.get("JWT_AUDIENCE", f"{service}-service") for service in SERVICES}

    @property
    def jwks(self) -> str:
        return self.environment.get("JWT_JWKS", str(self.keys.jwks))

    @property
    def maildir(self) -> Path:
        return self.data / "mailbox"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def of_service(self, service: str, dsn: str) -> dict[str, str]:
        """Its settings. The environment of `make run` overrides all but those that connect the parts of the stack."""
        ours = {
            "DATABASE_URL": dsn,
            "LISTEN_ADDRESS": f"127.0.0.1:{self.ports[service]}",
            "SERVICE_KEY": str(self.keys.service_key),
            "SERVICE_JWKS": str(self.keys.service_jwks),
            "REASON_ENCRYPTION_KEYS": str(self.keys.reason_keys),
            "NOTE_ENCRYPTION_KEYS": str(self.keys.note_keys),
        }
        defaults = {
            "NOTIFICATION_URL": self.url("notification"),
            "ACKNOWLEDGEMENT_URL": self.url("acknowledgement"),
            "JWT_JWKS": self.jwks,
            "JWT_ISSUER": self.issuer,
            "JWT_AUDIENCE": self.audiences[service],
            "SMTP_URL": self.smtp_url,
            "MAIL_FROM": "no-reply@portal.example",
            "PORTAL_URL": "https://portal.example",
            # No rate limits: load tests are one caller.
            "RATE_LIMIT_PRINCIPAL": "0",
            "RATE_LIMIT_ORGANISATION": "0",
            "TRUSTED_PROXIES": "1",
        }
        return {**{name: self.environment.get(name, value) for name, value in defaults.items()}, **ours}

    def service(self, service: str, dsn: str, *command: str) -> Program:
        """`service("orchestrator", dsn, "web")`: one of the commands that the service offers."""
        return Program(
            name=f"{service}.{command[0]}",
            command=[sys.executable, "-m", f"{service}_service", *command],
            environment={**self.environment, **self.of_service(service, dsn)},
        )

    def migration(self, service: str, dsn: str, owner_dsn: str) -> Program:
        """The only command that gets the owner's password."""
        program = self.service(service, dsn, "migrate")
        return replace(program, environment={**program.environment, "DATABASE_OWNER_URL": owner_dsn})

    def sample_imports(self, dsns: Mapping[str, str]) -> Iterator[Program]:
        yield self.service("orchestrator", dsns["orchestrator"], "directory", "import", str(SAMPLE / "people.csv"))
        yield self.service("acknowledgement", dsns["acknowledgement"], "lapses", "import", str(SAMPLE / "lapses.csv"))

    def gateway(self) -> Program:
        upstreams = " ".join(f"{service}={self.url(service)}" for service in SERVICES)
        address = f"127.0.0.1:{self.ports['gateway']}"
        options = ["--bind", address, "--config", str(_HERE / "gateway_server.py"), "--pythonpath", str(_HERE)]
        return Program(
            name="gateway",
            command=[sys.executable, "-m", "gunicorn", *options, "gateway:from_environment()"],
            environment={**self.environment, "UPSTREAMS": upstreams, "SHUTDOWN_GRACE_SECONDS": "0"},
        )

    def mail_server(self) -> Program:
        arguments = ["--port", str(self.ports["smtp"]), "--maildir", str(self.maildir)]
        return Program(
            name="mailbox",
            command=[sys.executable, str(_HERE / "smtp_mailbox.py"), *arguments],
            environment=self.environment,
        )
