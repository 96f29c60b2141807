"""What the command line of a service is made of, how it runs, and the commands that start something.

Commands import what they need when they run, so that a short command starts quickly and a migration loads no web
framework.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import click

from shared_lib.config import BadSetting
from shared_lib.errors import MigrationRefused, Unavailable

from .terminal import FAILED, INTERRUPTED

if TYPE_CHECKING:
    from flask import Flask

    from shared_lib.database.engine import Database
    from shared_lib.privacy.retention import RetentionRule
    from shared_lib.service_config import ServiceConfig

C = TypeVar("C", bound="ServiceConfig")
Environ = Mapping[str, str]

BAD_SETTING = 2
LONG_STATEMENT_SECONDS = 30.0


class PersonData(Protocol):
    """What a service's use case does with the data of one person."""

    def export(self, person_id: str) -> Mapping[str, Any]: ...

    def erase(self, person_id: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Service(Generic[C]):
    """What the common commands need of one service. Callables are called when a command runs; they raise BadSetting."""

    name: str
    package: str
    migrations: Path
    config: type[C]
    unused: Environ
    """Settings that are enough to describe the service without running it."""
    grants: Callable[[], Mapping[str, str]]
    check: Callable[[C], object]
    """Looks at the files that the settings of a web process name, before gunicorn starts."""
    api: Callable[[C], "Flask"]
    """The application with its routes, connected to nothing."""
    retention: Callable[[C, datetime], Sequence["RetentionRule"]]
    person_data: Callable[[C], AbstractContextManager[PersonData]]
    """Raises click.ClickException on leaving when another service prevents the command."""
    person_services: str
    """Whose data the person commands reach, for the help text."""

    def database(self, environ: Environ, *, statement_timeout: float = LONG_STATEMENT_SECONDS) -> "Database":
        """One connection as the app role. Seconds; 0 does not limit."""
        from shared_lib.database.engine import Database

        url = self.config.from_env(environ).database_url
        return Database.open(url, pool_size=1, statement_timeout=statement_timeout)

    def owner_database(self, environ: Environ) -> "Database":
        """One connection as the owner of the tables, without a statement timeout."""
        from shared_lib.database.engine import Database

        return Database.open(self.config.from_env(environ).database_owner_url, pool_size=1, statement_timeout=0)


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


def process_commands(service: Service[C]) -> click.Group:
    """A group with `web`, `migrate` and `openapi`."""
    root = click.Group(f"python -m {service.package}", help=f"Run the {service.name}, or operate it.")

    @root.command()
    @click.pass_obj
    def web(environ: Environ) -> None:
        """Serve HTTP at LISTEN_ADDRESS with gunicorn."""
        service.check(service.config.from_env(environ))
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config"]
        os.execve(sys.executable, [*gunicorn, f"{service.package}.wsgi:application"], dict(environ))  # noqa: S606

    @root.command()
    @click.pass_obj
    def migrate(environ: Environ) -> None:
        """Bring the database to the newest schema."""
        from shared_lib.database.engine import Database
        from shared_lib.database.migrations import migrate as apply
        from shared_lib.observability import logging

        config = service.config.from_env(environ)
        logging.configure(service.name, level=config.log_level)
        owner = Database.open(config.database_owner_url, pool_size=1)
        revision = apply(owner, service.migrations, service.grants())
        click.echo(f"The database is at revision {revision}.")

    @root.command()
    def openapi() -> None:
        """Print the OpenAPI document."""
        from shared_lib.web import openapi as describe

        app = service.api(service.config.from_env(service.unused))
        click.echo(json.dumps(describe.document(app.extensions["api"]), indent=2))

    return root
