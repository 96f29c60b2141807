"""The commands that only this service has (`lapses`), and what the others work with."""

import csv
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
from shared_lib.cli import Operations, Process
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.privacy.encryption import FieldCipher

from .config import Config
from .domain.model import Lapse
from .store.lapses import COUNTS
from .store.retention import rules
from .store.tables import GRANTS, NOTES
from .usecases.lapses import Lapses
from .usecases.person_data import PersonData

if TYPE_CHECKING:
    from flask import Flask

lapses = click.Group("lapses", help="Lapse records.")


@lapses.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.pass_obj
def import_lapses(process: Process[Config], file: Path) -> int:
    """Import lapse records of another system from the CSV file FILE.

    Records that are already known stay as they are.
    """
    cipher = process.config.cipher()
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


def _api(config: Config) -> "Flask":
    from .app import build_api

    cipher = FieldCipher(current="", keys={})
    return build_api(config, Lapses(database=Database.open(config.database_url), cipher=cipher, clock=utc_now))


OPERATIONS = Operations[Config](
    grants=GRANTS,
    api=_api,
    retention=lambda config, now: rules(now=now, note_retention_days=config.note_retention_days),
    person_data=lambda process: nullcontext(
        PersonData(database=process.database(statement_timeout=0), cipher=process.config.cipher(), clock=utc_now)
    ),
    counter_tables={"Lapses": COUNTS},
    encrypted_column=NOTES,
)
