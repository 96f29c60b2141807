"""The commands that only this service has (`lapses`), and what the others work with."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from shared_lib.cli import FAILED, Operations, Process
from shared_lib.cli.csv_files import csv_file_argument, dry_run_option, opened_csv, print_problems
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.privacy.encryption import FieldCipher

from .config import Config
from .store.lapses import COUNTS
from .store.retention import rules
from .store.tables import GRANTS, NOTES
from .usecases.lapse_import import LapseImport
from .usecases.lapses import Lapses
from .usecases.person_data import PersonData

if TYPE_CHECKING:
    from flask import Flask

lapses = click.Group("lapses", help="Lapse records.")


@lapses.command("import")
@csv_file_argument
@dry_run_option
@click.pass_obj
def import_lapses(process: Process[Config], file: Path, dry_run: bool) -> int:
    """Import lapse records of another system from the CSV file FILE; - is the standard input.

    Records that are already known stay as they are. Ends with 1 and imports nothing if a line of the file is wrong.
    """
    with opened_csv(file) as (opened, _):
        report = LapseImport(database=process.database(), clock=utc_now).run(opened, dry_run=dry_run)
    print_problems(file, report.problems)
    if report.problems.count:
        return FAILED
    click.echo(f"{report.read} records read, {report.new} of them new.")
    if dry_run:
        click.echo("Dry run: nothing was imported.")
    return 0


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
