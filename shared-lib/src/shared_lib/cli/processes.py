"""Commands that start a web process, prepare its database, or describe it."""

import json
import os
import sys
from typing import Any

import click

from . import Process


@click.command()
@click.pass_obj
def web(process: Process[Any]) -> None:
    """Serve HTTP at LISTEN_ADDRESS with gunicorn."""
    from shared_lib.gunicorn import ServerSettings

    ServerSettings.from_env(process.environ)  # bad settings, and a key file that cannot be read, end with a sentence
    process.config.cipher()
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config"]
    application = f"{process.service.package}.wsgi:application"
    os.execve(sys.executable, [*gunicorn, application], dict(process.environ))  # noqa: S606 - no shell


@click.command()
@click.pass_obj
def schedule(process: Process[Any]) -> None:
    """Run the daily commands of this service now and every day, until SIGTERM."""
    process.config.cipher()
    command = [sys.executable, "-m", "shared_lib.scheduler", process.service.package, *process.service.daily]
    os.execve(sys.executable, command, dict(process.environ))  # noqa: S606 - no shell


@click.command()
@click.pass_obj
def migrate(process: Process[Any]) -> None:
    """Bring the database to the newest schema."""
    from shared_lib.database import migrations
    from shared_lib.observability import logging

    logging.configure(process.service.name, level=process.config.log_level)
    grants = process.operations.grants
    revision = migrations.migrate(process.owner_database(), process.service.migrations, grants)
    click.echo(f"The database is at revision {revision}.")


@click.command()
@click.pass_obj
def openapi(process: Process[Any]) -> None:
    """Print the OpenAPI document."""
    from shared_lib.web import openapi as describe

    app = process.operations.api(process.service.config.from_env(process.service.unused))
    click.echo(json.dumps(describe.document(app.extensions["api"]), indent=2))
