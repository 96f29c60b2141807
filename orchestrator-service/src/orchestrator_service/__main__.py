"""The command line: `python -m orchestrator_service COMMAND`."""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from shared_lib import logging
from shared_lib.clock import utc_now
from shared_lib.config import BadSetting
from shared_lib.database import Database
from shared_lib.errors import Unavailable
from shared_lib.migrate import migrate
from shared_lib.outbox import RelayLoop

from .config import Config
from .domain.directory import Report
from .domain.errors import ImportRunning

RELAY_STATEMENT_SECONDS = 30.0
BAR_WIDTH = 30
BAR_EVERY_SECONDS = 0.2


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run one command; answers the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options, environ)
    except BadSetting as error:
        print(f"Settings: {error}", file=sys.stderr)
        return 2
    except Unavailable as error:
        print(f"The database does not answer ({error.reason}).", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m orchestrator_service", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, remark in (
        ("web", _web, "serve HTTP on BIND (gunicorn)"),
        ("relay", _relay, "keep promises to the notification service, until SIGTERM"),
        ("migrate", _migrate, "bring the database to the newest schema"),
        ("openapi", _openapi, "print the OpenAPI document"),
    ):
        commands.add_parser(name, help=remark).set_defaults(command=command)
    directory = commands.add_parser("directory", help="people and who looks after whom")
    actions = directory.add_subparsers(required=True, metavar="ACTION")
    load = actions.add_parser("import", help="bring the directory to what a CSV file says (see README)")
    load.add_argument("file", type=Path)
    load.add_argument("--dry-run", action="store_true", help="do everything and take it back")
    load.set_defaults(command=_import)
    return parser


def _web(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    Config.from_env(environ)
    command = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn_conf"]
    os.execve(sys.executable, [*command, "orchestrator_service.wsgi:application"], dict(environ))  # noqa: S606


def _relay(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from .app import NAME, create_notifier, create_relay  # noqa: PLC0415 - see _import

    config = Config.from_env(environ)
    logging.configure(NAME, level=config.log_level)
    database = Database.open(
        config.database_url, pool_size=config.pool_size, statement_timeout=RELAY_STATEMENT_SECONDS
    )
    loop = RelayLoop(create_relay(config, database, create_notifier(config)))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.stop())
    loop.run()
    return 0


def _migrate(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from .app import MIGRATIONS, NAME  # noqa: PLC0415 - see _import

    config = Config.from_env(environ)
    logging.configure(NAME, level=config.log_level)
    revision = migrate(Database.open(config.database_url, pool_size=1), MIGRATIONS)
    print(f"The database is at revision {revision}.")
    return 0
