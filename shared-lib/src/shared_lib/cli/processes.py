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
    config, service = process.config, process.service
    if service.cipher is not None:
        service.cipher(config)  # a key file that cannot be read ends this command with a sentence
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config"]
    os.execve(sys.executable, [*gunicorn, f"{service.package}.wsgi:application"], dict(process.environ))  # noqa: S606 - no shell


@click.command()
@click.pass_obj
def migrate(process: Process[Any]) -> None:
    """Bring the database to the newest schema."""
    from shared_lib.database import migrations
    from shared_lib.database.engine import Database
    from shared_lib.observability import logging

    config, service = process.config, process.service
    logging.configure(service.name, level=config.log_level)
    owner = Database.open(config.database_owner_url, pool_size=1)
    revision = migrations.migrate(owner, service.migrations, service.grants())
    click.echo(f"The database is at revision {revision}.")


@click.command()
@click.pass_obj
def openapi(process: Process[Any]) -> None:
    """Print the OpenAPI document."""
    from shared_lib.web import openapi as describe

    app = process.service.api(process.service.config.from_env(process.service.unused))
    click.echo(json.dumps(describe.document(app.extensions["api"]), indent=2))
