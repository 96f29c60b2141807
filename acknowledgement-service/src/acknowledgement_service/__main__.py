"""The command line: `python -m acknowledgement_service COMMAND`.

Commands import what they need when they run; so a migration loads no web framework.
"""

import csv
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
from shared_lib import cli

from . import MIGRATIONS, NAME
from .config import Config
from .domain.model import Lapse

if TYPE_CHECKING:
    from flask import Flask
    from shared_lib.database.counter_tables import CounterTable
    from shared_lib.privacy.encryption import FieldCipher
    from shared_lib.privacy.key_rotation import EncryptedColumn
    from shared_lib.privacy.retention import RetentionRule

    from .usecases.person_data import PersonData

UNUSED = {
    "DATABASE_URL": "postgresql://unused@localhost/unused",
    "JWT_JWKS": "unused",
    "SERVICE_JWKS": "unused",
    "JWT_ISSUER": "unused",
    "NOTE_ENCRYPTION_KEYS": "unused",
}
"""Enough to describe the service without running it."""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; returns the exit code."""
    return cli.run(COMMANDS, arguments, environ)


def _grants() -> Mapping[str, str]:
    from .store.tables import GRANTS

    return GRANTS


def _cipher(config: Config) -> "FieldCipher":
    from shared_lib.privacy.encryption import FieldCipher

    return FieldCipher.from_file(config.note_encryption_keys, setting="NOTE_ENCRYPTION_KEYS")


def _api(config: Config) -> "Flask":
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database
    from shared_lib.privacy.encryption import FieldCipher

    from .app import build_api
    from .usecases.lapses import Lapses

    cipher = FieldCipher(current="", keys={})
    return build_api(config, Lapses(database=Database.open(config.database_url), cipher=cipher, clock=utc_now))


def _retention(config: Config, now: datetime) -> "Sequence[RetentionRule]":
    from .store.retention import rules

    return rules(now=now, note_retention_days=config.note_retention_days)


@contextmanager
def _person_data(config: Config) -> Iterator["PersonData"]:
    from shared_lib.clock import utc_now
    from shared_lib.database.engine import Database

    from .usecases.person_data import PersonData

    database = Database.open(config.database_url, pool_size=1, statement_timeout=0)
    yield PersonData(database=database, cipher=_cipher(config), clock=utc_now)


def _counter_tables() -> "Mapping[str, CounterTable]":
    from .store.lapses import COUNTS

    return {"Lapses": COUNTS}


def _notes() -> "EncryptedColumn":
    from .store.tables import NOTES

    return NOTES


SERVICE = cli.Service(
    name=NAME,
    package="acknowledgement_service",
    migrations=MIGRATIONS,
    config=Config,
    unused=UNUSED,
    grants=_grants,
    api=_api,
    retention=_retention,
    person_data=_person_data,
    counter_tables=_counter_tables,
    cipher=_cipher,
    encrypted_column=_notes,
)

lapses = click.Group("lapses", help="Lapse records.")


@lapses.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.pass_obj
def import_lapses(process: cli.Process[Config], file: Path) -> int:
    """Import lapse records of another system from the CSV file FILE.

    Records that are already known stay as they are.
    """
    from shared_lib.clock import utc_now

    from .usecases.lapses import Lapses

    cipher = _cipher(process.config)
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            records = [_record(line) for line in csv.DictReader(opened)]
    except (OSError, KeyError, ValueError) as error:
        raise click.ClickException(f"{file}: not a file of lapse records ({type(error).__name__}: {error}).") from error
    new = Lapses(database=process.database(), cipher=cipher, clock=utc_now).import_records(records)
    click.echo(f"{len(records)} records read, {new} of them new.")
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


COMMANDS = cli.command_line(SERVICE, lapses)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
