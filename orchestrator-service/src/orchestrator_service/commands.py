"""The commands that only this service has (`certifications`, `directory`), and what the others work with."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from shared_lib.cli import FAILED, Operations, Process, ProgressBar
from shared_lib.cli.csv_files import csv_file_argument, dry_run_option, opened_csv, print_problems
from shared_lib.clock import utc_now
from shared_lib.daily_commands import record_success
from shared_lib.database.engine import Database
from shared_lib.errors import Rejected, Unreachable
from shared_lib.http_client import TOO_LARGE

from .app import relay
from .config import Config
from .domain.certifications import TIERS
from .domain.errors import ImportRunning
from .store.event_lists import OF_COORDINATORS, OF_MENTORS
from .store.retention import rules
from .store.tables import GRANTS, REASONS
from .usecases.directory_import import Report
from .usecases.person_data import PersonData

if TYPE_CHECKING:
    from flask import Flask

MAX_DAYS = 3650

certifications = click.Group("certifications", help="Notices about certifications.")


def _tiers(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    return tuple(_day_count(part) for part in value.split(","))


def _day_count(text: str) -> int:
    days = int(text) if text.strip().isdecimal() else -1
    if not 0 <= days <= MAX_DAYS:
        raise click.BadParameter(f"{text!r} is not a number of days between 0 and {MAX_DAYS}")
    return days


@certifications.command()
@click.option(
    "--tiers",
    metavar="DAYS",
    default=",".join(map(str, TIERS)),
    show_default=True,
    callback=_tiers,
    help="Remind that many days before a certification ends.",
)
@click.option(
    "--late-by",
    metavar="DAYS",
    type=click.IntRange(0, MAX_DAYS),
    default=14,
    show_default=True,
    help="Leave out certifications that ended more than DAYS days ago.",
)
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.pass_obj
def announce(process: Process[Config], tiers: tuple[int, ...], late_by: int, dry_run: bool) -> None:
    """Record the notices that are due: reminders, and certifications that have ended.

    Run it daily.
    """
    with ProgressBar() as bar:
        notices = relay.create_certification_notices(process.config, progress=bar)
        found = notices.record_due(tiers=tiers, late_by=timedelta(days=late_by), dry_run=dry_run)
    if not dry_run:
        record_success(process.database(), "certifications announce", at=utc_now())
    click.echo(f"{found} notices {'are due' if dry_run else 'recorded'}.")


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
    counter_tables={"Events of coordinators": OF_COORDINATORS, "Events of mentors": OF_MENTORS},
    encrypted_column=REASONS,
)
