"""The command line of every service: `python -m <service>_service COMMAND`.

The modules of commands are imported when one of their commands runs, so that a short command starts quickly and a
migration loads no web framework.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import click

from shared_lib.config import BadSetting
from shared_lib.errors import MigrationRefused, Unavailable

from .terminal import FAILED, INTERRUPTED, ProgressBar

if TYPE_CHECKING:
    from flask import Flask

    from shared_lib.database.counter_tables import CounterTable
    from shared_lib.database.engine import Database
    from shared_lib.outbox import Dispatcher
    from shared_lib.privacy.encryption import FieldCipher
    from shared_lib.privacy.key_rotation import EncryptedColumn
    from shared_lib.privacy.retention import RetentionRule
    from shared_lib.service_config import ServiceConfig

__all__ = [
    "FAILED",
    "Environ",
    "Process",
    "ProgressBar",
    "Service",
    "command_line",
    "run",
]

C = TypeVar("C", bound="ServiceConfig")
Environ = Mapping[str, str]

BAD_SETTING = 2
LONG_STATEMENT_SECONDS = 30.0

_COMMON = {
    "web": "shared_lib.cli.processes",
    "migrate": "shared_lib.cli.processes",
    "openapi": "shared_lib.cli.processes",
    "audit": "shared_lib.audit.cli",
    "retention": "shared_lib.cli.data",
    "person": "shared_lib.cli.data",
}
"""The modules of the commands that every service has."""


class PersonData(Protocol):
    """What a service's use case does with the data of one person."""

    def export(self, person_id: str) -> Mapping[str, Any]: ...

    def erase(self, person_id: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Service(Generic[C]):
    """What the commands need of one service. Callables are called when a command runs; they raise BadSetting."""

    name: str
    package: str
    migrations: Path
    config: type[C]
    unused: Environ
    """Settings that are enough to describe the service without running it."""
    grants: Callable[[], Mapping[str, str]]
    api: Callable[[C], "Flask"]
    """The application with its routes, connected to nothing."""
    retention: Callable[[C, datetime], Sequence["RetentionRule"]]
    person_data: Callable[[C], AbstractContextManager[PersonData]]
    """Raises click.ClickException on leaving when another service prevents the command."""
    dispatcher: Callable[[C, "Database"], "Dispatcher"] | None = None
    """None for a service without an outbox."""
    counter_tables: Callable[[], Mapping[str, "CounterTable"]] | None = None
    """The counter tables by their name in the output."""
    cipher: Callable[[C], "FieldCipher"] | None = None
    """Reads the keys of the encrypted column; also before a web process starts."""
    encrypted_column: Callable[[], "EncryptedColumn"] | None = None


@dataclass(frozen=True, kw_only=True)
class Process(Generic[C]):
    """What a command works with: the service and the environment of this process."""

    service: Service[C]
    environ: Environ

    @property
    def config(self) -> C:
        """The settings. Raises BadSetting."""
        return self.service.config.from_env(self.environ)

    def database(self, *, statement_timeout: float = LONG_STATEMENT_SECONDS) -> "Database":
        """One connection as the app role. Seconds; 0 does not limit."""
        from shared_lib.database.engine import Database

        return Database.open(self.config.database_url, pool_size=1, statement_timeout=statement_timeout)

    def owner_database(self) -> "Database":
        """One connection as the owner of the tables, without a statement timeout."""
        from shared_lib.database.engine import Database

        return Database.open(self.config.database_owner_url, pool_size=1, statement_timeout=0)


class _Commands(click.Group):
    """A group whose commands are imported when they are asked for: `modules` names the module of each."""

    def __init__(self, *, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.modules])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.modules:
            found: click.Command = getattr(import_module(self.modules[cmd_name]), cmd_name)
            return found
        return super().get_command(ctx, cmd_name)


def command_line(service: Service[C], *own: click.Command) -> click.Group:
    """The commands that every service has, those of what it has (outbox, ...), and its `own`. They get a `Process`."""

    modules = dict(_COMMON)
    if service.dispatcher is not None:
        modules |= {"relay": "shared_lib.outbox.cli", "outbox": "shared_lib.outbox.cli"}
    if service.counter_tables is not None:
        modules["counts"] = "shared_lib.cli.data"
    if service.encrypted_column is not None:
        modules["encryption"] = "shared_lib.cli.data"

    @click.pass_context
    def begin(context: click.Context) -> None:
        context.obj = Process(service=service, environ=context.obj)

    name, about = f"python -m {service.package}", f"Run the {service.name}, or operate it."
    root = _Commands(name=name, help=about, callback=begin, modules=modules)
    for command in own:
        root.add_command(command)
    return root


def run(command: click.Command, arguments: Sequence[str], environ: Environ) -> int:
    """Run a command line; returns the exit code. Errors of settings, usage and the database become one sentence."""
    try:
        code = command.main(list(arguments), prog_name=command.name, obj=environ, standalone_mode=False)
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
