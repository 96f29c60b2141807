"""The command line: `python -m notification_service COMMAND`.

Commands import what they need when they run: a migration needs no web framework, and a quick start is worth much.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from functools import partial

from shared_lib import dead_letters, maintenance
from shared_lib.config import BadSetting
from shared_lib.errors import MigrationRefused, Unavailable

from .app import MIGRATIONS, NAME
from .config import Config

RELAY_STATEMENT_SECONDS = 30.0

UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "SERVICE_JWKS": "unused",
    "SERVICE_KEY": "unused",
    "JWT_ISSUER": "unused",
    "ACKNOWLEDGEMENT_URL": "http://unused",
    "SMTP_URL": "smtp://unused",
    "MAIL_FROM": "unused@unused.example",
}
"""Enough to describe the service without running it."""


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run one command; answers the exit code."""
    options = _parser(environ).parse_args(arguments)
    try:
        code: int = options.command(options)
    except BadSetting as error:
        print(f"Settings: {error}", file=sys.stderr)
        return 2
    except Unavailable as error:
        print(f"The database does not answer ({error.reason}).", file=sys.stderr)
        return 1
    except MigrationRefused as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m notification_service", description="Run a service, or look after it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, remark in (
        ("web", _web, "serve HTTP on LISTEN_ADDRESS (gunicorn)"),
        ("relay", _relay, "send what is queued, until SIGTERM"),
        ("migrate", _migrate, "bring the database to the newest schema"),
        ("openapi", _openapi, "print the OpenAPI document"),
    ):
        commands.add_parser(name, help=remark).set_defaults(command=partial(command, environ))
    maintenance.add_audit(commands, partial(_audit, environ))
    maintenance.add_tidy(commands, partial(_tidy, environ))
    reach = "this service's part; the orchestrator's command does all three"
    maintenance.add_person(commands, partial(_person, environ), reach=reach)
    dead_letters.add_parser(commands, partial(_outbox, environ))
    return parser


def _web(environ: Mapping[str, str], _: argparse.Namespace) -> int:
    Config.from_env(environ)
    command = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config"]
    os.execve(sys.executable, [*command, "notification_service.wsgi:application"], dict(environ))  # noqa: S606


def _relay(environ: Mapping[str, str], _: argparse.Namespace) -> int:
    from shared_lib.database.engine import Database
    from shared_lib.observability import logging, tracing
    from shared_lib.outbox import process

    from .app.relay import create_dispatcher, create_ports

    config = Config.from_env(environ)
    logging.configure(NAME, level=config.log_level)
    tracing.start(NAME)
    database = Database.open(config.database_url, pool_size=config.pool_size, statement_timeout=RELAY_STATEMENT_SECONDS)
    dispatcher = create_dispatcher(config, database, create_ports(config))
    return process.run(dispatcher, MIGRATIONS, metrics_bind=config.metrics_bind)


def _migrate(environ: Mapping[str, str], _: argparse.Namespace) -> int:
    from shared_lib.database.engine import Database
    from shared_lib.database.migrations import migrate
    from shared_lib.observability import logging

    from .store.grants import GRANTS

    config = Config.from_env(environ)
    logging.configure(NAME, level=config.log_level)
    revision = migrate(Database.open(config.database_owner_url, pool_size=1), MIGRATIONS, GRANTS)
    print(f"The database is at revision {revision}.")
    return 0


def _outbox(environ: Mapping[str, str], options: argparse.Namespace) -> int:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.outbox import commands as outbox_commands

    from .store import audit

    config = Config.from_env(environ)
    database = Database.open(config.database_url, pool_size=1)
    return outbox_commands.run(options, database, clock=utc_now, audit=audit.of_operator(utc_now))


def _audit(environ: Mapping[str, str], options: argparse.Namespace) -> int:
    from shared_lib.audit import commands
    from shared_lib.database.engine import Database

    database = Database.open(Config.from_env(environ).database_url, pool_size=1, statement_timeout=0)
    return commands.run(options, database, table="audit")


def _tidy(environ: Mapping[str, str], _: argparse.Namespace) -> int:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.privacy import retention

    from .usecases.person_data import retention_rules

    config = Config.from_env(environ)
    database = Database.open(config.database_url, pool_size=1, statement_timeout=RELAY_STATEMENT_SECONDS)
    own = retention_rules(
        now=utc_now(), message_days=config.message_days, inbox_retention_days=config.inbox_retention_days
    )
    return retention.run(database, own)


def _person(environ: Mapping[str, str], options: argparse.Namespace) -> int:
    import json

    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database

    from .usecases.person_data import PersonData

    database = Database.open(Config.from_env(environ).database_url, pool_size=1, statement_timeout=0)
    person_data = PersonData(database=database, clock=utc_now)
    done = person_data.export(options.id) if options.action == "export" else person_data.erase(options.id)
    print(json.dumps(done, indent=2, ensure_ascii=False))
    return 0


def _openapi(_: Mapping[str, str], __: argparse.Namespace) -> int:
    import json

    from shared_lib.database.engine import Database
    from shared_lib.web import openapi

    from .app.web import build_api

    config = Config.from_env(UNUSED)
    app = build_api(config, Database.open(config.database_url))
    print(json.dumps(openapi.document(app.extensions["api"]), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
