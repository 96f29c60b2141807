"""The command line: `python -m orchestrator_service COMMAND`.

Commands import what they need when they run: a migration needs no web framework, and a quick start is worth much.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from uuid import UUID

from shared_lib import dead_letters, maintenance
from shared_lib.config import BadSetting
from shared_lib.errors import MigrationRefused, Unavailable

from .app import MIGRATIONS, NAME
from .commands import certifications, directory
from .config import Config
from .domain.errors import ImportRunning

RELAY_STATEMENT_SECONDS = 30.0
UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "JWT_ISSUER": "unused",
    "SERVICE_KEY": "unused",
    "NOTIFICATION_URL": "http://unused",
    "REASON_ENCRYPTION_KEYS": "unused",
}
"""Enough to describe the service without running it."""


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run one command; answers the exit code."""
    options = _parser().parse_args(arguments, argparse.Namespace(environ=environ))
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator_service", description="Run a service, or look after it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, remark in (
        ("web", _web, "serve HTTP on LISTEN_ADDRESS (gunicorn)"),
        ("relay", _relay, "keep promises to the notification service, until SIGTERM"),
        ("migrate", _migrate, "bring the database to the newest schema"),
        ("openapi", _openapi, "print the OpenAPI document"),
    ):
        commands.add_parser(name, help=remark).set_defaults(command=command)
    directory.add_parser(commands)
    maintenance.add_audit(commands, _audit)
    maintenance.add_counts(commands, _counts)
    maintenance.add_tidy(commands, _tidy)
    maintenance.add_person(commands, _person, reach="in all three services")
    certifications.add_parser(commands)
    dead_letters.add_parser(commands, _outbox)
    maintenance.add_seal(commands, _seal)
    return parser


def _web(options: argparse.Namespace) -> int:
    from shared_lib.privacy.encryption import FieldCipher

    FieldCipher.from_file(Config.from_env(options.environ).reason_encryption_keys, setting="REASON_ENCRYPTION_KEYS")
    command = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config"]
    os.execve(sys.executable, [*command, "orchestrator_service.wsgi:application"], dict(options.environ))  # noqa: S606


def _relay(options: argparse.Namespace) -> int:
    from shared_lib.database.engine import Database
    from shared_lib.observability import logging, tracing
    from shared_lib.outbox import process

    from .app.relay import create_dispatcher, create_notifier

    config = Config.from_env(options.environ)
    logging.configure(NAME, level=config.log_level)
    tracing.start(NAME)
    database = Database.open(config.database_url, pool_size=config.pool_size, statement_timeout=RELAY_STATEMENT_SECONDS)
    dispatcher = create_dispatcher(config, database, create_notifier(config))
    return process.run(dispatcher, MIGRATIONS, metrics_bind=config.metrics_bind)


def _migrate(options: argparse.Namespace) -> int:
    from shared_lib.database.engine import Database
    from shared_lib.database.migrations import migrate
    from shared_lib.observability import logging

    from .store.grants import GRANTS

    config = Config.from_env(options.environ)
    logging.configure(NAME, level=config.log_level)
    revision = migrate(Database.open(config.database_owner_url, pool_size=1), MIGRATIONS, GRANTS)
    print(f"The database is at revision {revision}.")
    return 0


def _openapi(_: argparse.Namespace) -> int:
    import json

    from shared_lib.database.engine import Database
    from shared_lib.web import openapi

    from .app.web import build_api

    config = Config.from_env(UNUSED)
    app = build_api(config, Database.open(config.database_url))
    print(json.dumps(openapi.document(app.extensions["api"]), indent=2))
    return 0


def _outbox(options: argparse.Namespace) -> int:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.outbox import commands as outbox_commands
    from sqlalchemy.orm import Session

    from .store import audit

    database = Database.open(Config.from_env(options.environ).database_url, pool_size=1)

    def note(session: Session, action: str, outbox_id: UUID) -> None:
        audit.note_outbox(session, action, outbox_id, at=utc_now())

    return outbox_commands.run(options, database, clock=utc_now, audit=note)


def _audit(options: argparse.Namespace) -> int:
    from shared_lib.audit import commands
    from shared_lib.database.engine import Database

    database = Database.open(Config.from_env(options.environ).database_url, pool_size=1, statement_timeout=0)
    return commands.run(options, database, table="audit_entry")


def _counts(options: argparse.Namespace) -> int:
    from shared_lib.database.counter_tables import run_check
    from shared_lib.database.engine import Database

    from .store.event_lists import OF_COORDINATORS, OF_MENTORS

    owner = Database.open(Config.from_env(options.environ).database_owner_url, pool_size=1, statement_timeout=0)
    found = [run_check(owner, tally, repair=options.action == "repair") for tally in (OF_COORDINATORS, OF_MENTORS)]
    for (_, sentence), whose in zip(found, ("Of coordinators", "Of mentors"), strict=True):
        print(f"{whose}: {sentence}")
    return max(code for code, _ in found)


def _seal(options: argparse.Namespace) -> int:
    from shared_lib.database.engine import Database
    from shared_lib.privacy import key_rotation
    from shared_lib.privacy.encryption import FieldCipher

    from .store.tables import REASONS

    config = Config.from_env(options.environ)
    cipher = FieldCipher.from_file(config.reason_encryption_keys, setting="REASON_ENCRYPTION_KEYS")
    database = Database.open(config.database_url, pool_size=1, statement_timeout=RELAY_STATEMENT_SECONDS)
    return key_rotation.run(database, cipher, REASONS)


def _tidy(options: argparse.Namespace) -> int:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.privacy import retention

    from .store.retention import rules

    config = Config.from_env(options.environ)
    database = Database.open(config.database_url, pool_size=1, statement_timeout=RELAY_STATEMENT_SECONDS)
    own = rules(
        now=utc_now(),
        reason_retention_days=config.reason_retention_days,
        actor_name_retention_days=config.actor_name_retention_days,
    )
    return retention.run(database, own)


def _person(options: argparse.Namespace) -> int:
    import json

    from shared_lib.errors import Rejected, Unreachable
    from shared_lib.http_client import TOO_LARGE

    from .app.relay import create_person_data

    person_data = create_person_data(Config.from_env(options.environ))
    try:
        done = person_data.export(options.id) if options.action == "export" else person_data.erase(options.id)
    except (Unreachable, Rejected) as error:
        remedy = "it holds more than one answer can carry" if error.reason == TOO_LARGE else "run this again"
        print(f"The notification service does not do its part ({error.reason}): {remedy}.", file=sys.stderr)
        return 1
    except ImportRunning as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(done, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
