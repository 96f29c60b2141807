"""The command line of every service: `python -m <service>_service COMMAND`.

The modules of commands are imported when one of their commands runs, so that a short command starts quickly.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import click

from shared_lib.config import BadSetting
from shared_lib.errors import MigrationRefused, Unavailable
from shared_lib.service_config import RelayConfig, ServiceConfig

from .terminal import FAILED, INTERRUPTED, ProgressBar

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.orm import Session

    from shared_lib.agenda import AgendaLoop
    from shared_lib.database.counter_tables import CounterTable
    from shared_lib.database.engine import Database
    from shared_lib.outbox import Dispatcher
    from shared_lib.privacy.key_rotation import EncryptedColumn
    from shared_lib.privacy.retention import RetentionRule

__all__ = ["FAILED", "Environ", "Operations", "Process", "ProgressBar", "Service", "run"]

C = TypeVar("C", bound=ServiceConfig)
Environ = Mapping[str, str]

BAD_SETTING = 2
LONG_STATEMENT_SECONDS = 30.0

_EVERYWHERE = {
    "web": "shared_lib.cli.processes",
    "migrate": "shared_lib.cli.processes",
    "schedule": "shared_lib.cli.processes",
    "openapi": "shared_lib.cli.processes",
    "audit": "shared_lib.audit.cli",
    "retention": "shared_lib.cli.data",
    "person": "shared_lib.cli.data",
}
_WITH_RELAYS = {"relay": "shared_lib.outbox.cli", "outbox": "shared_lib.outbox.cli"}
_OPTIONAL = {"agenda": "shared_lib.agenda.cli", "counts": "shared_lib.cli.data", "encryption": "shared_lib.cli.data"}
"""Commands by their module: of every service, of those with an outbox, and of those that name them."""


class PersonData(Protocol):
    """What a service's use case does with the data of one person."""

    def export(self, person_id: str) -> Mapping[str, Any]: ...

    def erase(self, person_id: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Operations(Generic[C]):
    """What the commands of one service work with. Callables raise BadSetting."""

    grants: Mapping[str, str]
    api: Callable[[C], "Flask"]
    """The application with its routes, connected to nothing."""
    retention: Callable[[C, datetime], Sequence["RetentionRule"]]
    person_data: Callable[["Process[C]"], AbstractContextManager[PersonData]]
    """Raises click.ClickException on leaving when another service prevents the command."""
    dispatcher: Callable[[C, "Database"], "Dispatcher"] | None = None
    agenda: Callable[[C, "Database"], "AgendaLoop"] | None = None
    """Runs in the relays."""
    after_restore: Callable[["Session"], None] = lambda _: None
    """Raises what must never go back, in the transaction of `outbox quarantine`."""
    counter_tables: Mapping[str, "CounterTable"] = field(default_factory=dict)
    """By their name in the output."""
    encrypted_column: "EncryptedColumn | None" = None


@dataclass(frozen=True, kw_only=True)
class Service(Generic[C]):
    """One service. Its module `commands` has the `OPERATIONS` and the commands that are named in `commands`."""

    name: str
    package: str
    migrations: Path
    config: type[C]
    unused: Environ
    """Settings that are enough to describe the service without running it."""
    commands: Collection[str] = ()
    """Besides those that every service has: its own, `counts`, `encryption`."""
    daily: Sequence[str] = ("retention run",)
    """The commands that `schedule` runs."""

    def run(self, arguments: Sequence[str], environ: Environ) -> int:
        """Run one command; returns the exit code."""
        modules = _EVERYWHERE | (_WITH_RELAYS if issubclass(self.config, RelayConfig) else {})
        modules |= {name: _OPTIONAL.get(name, f"{self.package}.commands") for name in self.commands}
        name, about = f"python -m {self.package}", f"Run the {self.name}, or operate it."
        group = _Commands(name=name, help=about, modules=modules)
        return run(group, arguments, Process(service=self, environ=environ))


@dataclass(frozen=True, kw_only=True)
class Process(Generic[C]):
    """What a command works with: the service and the environment of this process."""

    service: Service[C]
    environ: Environ

    @property
    def config(self) -> C:
        """The settings. Raises BadSetting."""
        return self.service.config.from_env(self.environ)

    @property
    def operations(self) -> Any:
        """The `Operations` of the service."""
        return import_module(f"{self.service.package}.commands").OPERATIONS

    def database(self, *, statement_timeout: float = LONG_STATEMENT_SECONDS) -> "Database":
        """One connection as the app role. Seconds; 0 does not limit."""
        return _database(self.config.database_url, statement_timeout)

    def owner_database(self) -> "Database":
        """One connection as the owner of the tables, without a statement timeout."""
        return _database(self.config.database_owner_url, 0)


def _database(url: str, statement_timeout: float) -> "Database":
    from shared_lib.database.engine import Database

    return Database.open(url, pool_size=1, statement_timeout=statement_timeout)


class _Commands(click.Group):
    """A group whose commands are imported when they are asked for: `modules` names the module of each."""

    def __init__(self, *, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        found: click.Command = getattr(import_module(self.modules[cmd_name]), cmd_name)
        return found


def run(command: click.Command, arguments: Sequence[str], process: object) -> int:
    """Run a command line; returns the exit code. Errors of settings, usage and the database become one sentence."""
    try:
        code = command.main(list(arguments), prog_name=command.name, obj=process, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return INTERRUPTED
    except BadSetting as error:
        click.echo(f"Settings: {error}", err=True)
        return BAD_SETTING
    except Unavailable as error:
        click.echo(f"The database does not answer ({error.reason}).", err=True)
        return FAILED
    except MigrationRefused as error:
        click.echo(str(error), err=True)
        return FAILED
    return int(code or 0)
