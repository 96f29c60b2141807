"""The command line: `python -m acknowledgement_service COMMAND`.

Commands import what they need when they run: a migration needs no web framework, and a quick start is worth much.
"""

import argparse
import csv
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from shared_lib import maintenance
from shared_lib.config import BadSetting
from shared_lib.errors import MigrationRefused, Unavailable

from . import MIGRATIONS, NAME
from .config import Config
from .domain.model import Lapse

TIDY_STATEMENT_SECONDS = 30.0
UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "SERVICE_JWKS": "unused",
    "JWT_ISSUER": "unused",
    "NOTE_ENCRYPTION_KEYS": "unused",
}
"""Enough to describe the service without running it."""


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
    except MigrationRefused as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m acknowledgement_service", description="Run a service, or look after it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    web = commands.add_parser("web", help="serve HTTP on LISTEN_ADDRESS (gunicorn)")
    web.set_defaults(command=_web)
    upgrade = commands.add_parser("migrate", help="bring the database to the newest schema")
    upgrade.set_defaults(command=_migrate)
    describe = commands.add_parser("openapi", help="print the OpenAPI document")
    describe.set_defaults(command=_openapi)
    maintenance.add_audit(commands, _audit)
    maintenance.add_counts(commands, _counts)
    maintenance.add_seal(commands, _seal)
    maintenance.add_tidy(commands, _tidy)
    maintenance.add_person(commands, _person, reach="this service's part; the orchestrator's command does all three")
    lapses = commands.add_parser("lapses", help="lapse records").add_subparsers(required=True, metavar="ACTION")
    load = lapses.add_parser("import", help="take over records of another system from a CSV file (see README)")
    load.add_argument("file", type=Path)
    load.set_defaults(command=_import)
    return parser


def _web(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from shared_lib.privacy.encryption import FieldCipher

    FieldCipher.from_file(Config.from_env(environ).note_encryption_keys, setting="NOTE_ENCRYPTION_KEYS")
    command = [sys.executable, "-m", "gunicorn", "-c", "python:shared_lib.gunicorn.config"]
    os.execve(sys.executable, [*command, "acknowledgement_service.wsgi:application"], dict(environ))  # noqa: S606


def _migrate(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from shared_lib.database.engine import Database
    from shared_lib.database.migrations import migrate
    from shared_lib.observability import logging

    from .store.grants import GRANTS

    config = Config.from_env(environ)
    logging.configure(NAME, level=config.log_level)
    revision = migrate(Database.open(config.database_owner_url, pool_size=1), MIGRATIONS, GRANTS)
    print(f"The database is at revision {revision}.")
    return 0


def _openapi(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import json

    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.privacy.encryption import FieldCipher
    from shared_lib.web import openapi

    from .app import build_api
    from .usecases.lapses import Lapses

    config = Config.from_env(UNUSED)
    lapses = Lapses(database=Database.open(config.database_url), cipher=FieldCipher(current="", keys={}), clock=utc_now)
    app = build_api(config, lapses)
    print(json.dumps(openapi.document(app.extensions["api"]), indent=2))
    return 0


def _tidy(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.privacy import retention

    from .store.retention import rules

    config = Config.from_env(environ)
    database = Database.open(config.database_url, pool_size=1, statement_timeout=TIDY_STATEMENT_SECONDS)
    return retention.run(database, rules(now=utc_now(), note_retention_days=config.note_retention_days))


def _audit(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from shared_lib.audit import commands
    from shared_lib.database.engine import Database

    database = Database.open(Config.from_env(environ).database_url, pool_size=1, statement_timeout=0)
    return commands.run(options, database, table="audit")


def _counts(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from shared_lib.database.counter_tables import run_check
    from shared_lib.database.engine import Database

    from .store.lapses import COUNTS

    owner = Database.open(Config.from_env(environ).database_owner_url, pool_size=1, statement_timeout=0)
    code, sentence = run_check(owner, COUNTS, repair=options.action == "repair")
    print(sentence)
    return code


def _seal(_: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from shared_lib.database.engine import Database
    from shared_lib.privacy import key_rotation
    from shared_lib.privacy.encryption import FieldCipher

    from .store.tables import NOTES

    config = Config.from_env(environ)
    cipher = FieldCipher.from_file(config.note_encryption_keys, setting="NOTE_ENCRYPTION_KEYS")
    return key_rotation.run(Database.open(config.database_url, pool_size=1, statement_timeout=30.0), cipher, NOTES)


def _person(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    import json

    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.privacy.encryption import FieldCipher

    from .usecases.person_data import PersonData

    config = Config.from_env(environ)
    cipher = FieldCipher.from_file(config.note_encryption_keys, setting="NOTE_ENCRYPTION_KEYS")
    database = Database.open(config.database_url, pool_size=1, statement_timeout=0)
    person_data = PersonData(database=database, cipher=cipher, clock=utc_now)
    done = person_data.export(options.id) if options.action == "export" else person_data.erase(options.id)
    print(json.dumps(done, indent=2, ensure_ascii=False))
    return 0


def _import(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.privacy.encryption import FieldCipher

    from .usecases.lapses import Lapses

    config = Config.from_env(environ)
    cipher = FieldCipher.from_file(config.note_encryption_keys, setting="NOTE_ENCRYPTION_KEYS")
    try:
        with options.file.open(newline="", encoding="utf-8-sig") as file:
            records = [_record(line) for line in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        print(f"{options.file}: not a file of lapse records ({type(error).__name__}: {error}).", file=sys.stderr)
        return 1
    database = Database.open(config.database_url, pool_size=1)
    new = Lapses(database=database, cipher=cipher, clock=utc_now).import_records(records)
    print(f"{len(records)} records read, {new} of them new.")
    return 0


def _record(line: dict[str, str]) -> Lapse:
    return Lapse(
        id=UUID(line["acknowledgement_id"]),
        notification_id=UUID(line["notification_id"]),
        mentor_id=line["mentor_id"],
        coordinator_id=line["coordinator_id"],
        organisation_id=line["organisation_id"],
        expiry_date=datetime.fromisoformat(line["expiry_date"]),
        created_at=datetime.fromisoformat(line["created_at"]),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
