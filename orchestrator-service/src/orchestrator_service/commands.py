"""The commands that only this service has (`contacts`, `directory`), and what the others work with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from shared_lib.cli import FAILED, Operations, Process, ProgressBar
from shared_lib.cli.csv_files import csv_file_argument, dry_run_option, opened_csv, print_problems
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.errors import Rejected, Unreachable
from shared_lib.http_client import TOO_LARGE

from .app import relay
from .config import Config
from .domain.errors import ImportRunning
from .store import people
from .store.event_lists import OF_COORDINATORS, OF_MENTORS
from .store.retention import rules
from .store.tables import GRANTS, REASONS
from .usecases.directory_import import Report
from .usecases.person_data import PersonData

if TYPE_CHECKING:
    from flask import Flask

directory = click.Group("directory", help="The people, their roles and the coordinators of mentors.")


@directory.command("import")
@csv_file_argument
@dry_run_option
@click.pass_obj
def import_directory(process: Process[Config], file: Path, dry_run: bool) -> int:
    """Change the directory to the contents of the CSV file FILE; - is the standard input.

    Ends with 1 and imports nothing if a line of the file is wrong. A column that the file does not have changes
    nothing; an empty cell clears.
    """
    with ProgressBar() as bar, opened_csv(file) as (opened, size):
        directory_import = relay.create_import(process.config, progress=bar)
        try:
            report = directory_import.run(opened, size=size, actor_id="operations", dry_run=dry_run)
        except ImportRunning as error:
            raise click.ClickException(f"{file}: {error}") from error
    print_problems(file, report.problems, report.warnings)
    if report.is_good:
        _print_counts(report)
    return 0 if report.is_good else FAILED


def _print_counts(report: Report) -> None:
    for each in report.counts:
        ended = f", {each.ended} ended" if each.ended else ""
        click.echo(f"{each.subject}: {each.new} new, {each.changed} changed, {each.unchanged} unchanged{ended}")
    if report.left_out:
        click.echo(f"Left out, because their data were removed (person erase): {', '.join(report.left_out)}")
    verb = "would be sent" if report.is_dry_run else "will be sent"
    click.echo(f"{report.contacts} contacts {verb} to the notification service.")
    if report.is_dry_run:
        click.echo("Dry run: nothing was imported.")


contacts = click.Group("contacts", help="The contacts and certifications that the notification service was told.")


@contacts.command()
@click.argument("organisation", required=False)
@dry_run_option
@click.pass_obj
def resend(process: Process[Config], organisation: str | None, dry_run: bool) -> None:
    """Send all contacts and certifications again, with new versions.

    For after a restore of this service or of the notification service; of one ORGANISATION or of all. May be repeated.

    \b
    Example: contacts resend nhf --dry-run
    """
    with process.database().begin(all_tenants("operations")) as session:
        found = [each for each in people.organisations(session) if organisation in (None, each)]
    if organisation is not None and not found:
        raise click.ClickException(f"There is no organisation {organisation}.")
    sent = relay.create_changed_contacts(process.config)
    with ProgressBar() as bar:
        for number, each in enumerate(found):
            bar.at(each, number, len(found))
            try:
                numbers = sent.resend(each, actor_id="operations", dry_run=dry_run)
            except ImportRunning as error:
                raise click.ClickException(str(error)) from error
            bar.clear()
            verb = "would be sent" if dry_run else "will be sent"
            click.echo(f"{each}: {numbers[0]} contacts and {numbers[1]} certifications {verb}.")


def _api(config: Config) -> "Flask":
    from .app.web import build_api

    return build_api(config, Database.open(config.database_url))


@contextmanager
def _person_data(process: Process[Config]) -> Iterator[PersonData]:
    """Ends with a sentence when another service or an import prevents it."""
    try:
        yield relay.create_person_data(process.config)
    except (Unreachable, Rejected) as error:
        remedy = "it holds more than one answer can carry" if error.reason == TOO_LARGE else "run this again"
        message = f"The notification service does not do its part ({error.reason}): {remedy}."
        raise click.ClickException(message) from error
    except ImportRunning as error:
        raise click.ClickException(str(error)) from error


OPERATIONS = Operations[Config](
    grants=GRANTS,
    api=_api,
    retention=lambda config, now: rules(
        now=now,
        reason_retention_days=config.reason_retention_days,
        actor_name_retention_days=config.actor_name_retention_days,
    ),
    person_data=_person_data,
    dispatcher=lambda config, database: relay.create_dispatcher(config, database, relay.create_notifier(config)),
    agenda=relay.create_agenda,
    counter_tables={"Events of coordinators": OF_COORDINATORS, "Events of mentors": OF_MENTORS},
    encrypted_column=REASONS,
)
