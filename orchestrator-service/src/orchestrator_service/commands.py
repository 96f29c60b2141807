"""The commands that only this service has: `certifications announce` and `directory import`."""

from datetime import timedelta
from pathlib import Path

import click
from shared_lib.cli import FAILED, Process, ProgressBar

from .config import Config
from .domain.certifications import TIERS
from .domain.directory_file import Report
from .domain.errors import ImportRunning

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
    from .app.relay import create_certification_notices

    with ProgressBar() as bar:
        notices = create_certification_notices(process.config, progress=bar)
        found = notices.record_due(tiers=tiers, late_by=timedelta(days=late_by), dry_run=dry_run)
    click.echo(f"{found} notices {'are due' if dry_run else 'recorded'}.")


directory = click.Group("directory", help="The people, their roles and the coordinators of mentors.")


@directory.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Do everything, then roll it back.")
@click.pass_obj
def import_directory(process: Process[Config], file: Path, dry_run: bool) -> int:
    """Change the directory to the contents of the CSV file FILE.

    Ends with 1 and imports nothing if a line of the file is wrong.
    """
    from .app.relay import create_import

    with ProgressBar() as bar:
        directory_import = create_import(process.config, progress=bar)
        try:
            with file.open("rb") as opened:
                report = directory_import.run(opened, size=file.stat().st_size, actor_id="operations", dry_run=dry_run)
        except (OSError, ImportRunning) as error:
            raise click.ClickException(f"{file}: {error}") from error
    _print_report(file, report)
    return 0 if report.is_good else FAILED


def _print_report(path: Path, report: Report) -> None:
    problems = report.problems
    for problem in problems.in_order():
        place = f"{path}:{problem.line}:" + (f" {problem.column}:" if problem.column else "")
        click.echo(f"{place} {problem.reason}", err=True)
    if not report.is_good:
        unseen = problems.count - len(problems.shown)
        rest = f", of which {unseen} are not shown" if unseen else ""
        click.echo(f"{problems.count} problems{rest}. Nothing was imported.", err=True)
        return
    for each in report.counts:
        ended = f", {each.ended} ended" if each.ended else ""
        click.echo(f"{each.subject}: {each.new} new, {each.changed} changed, {each.unchanged} unchanged{ended}")
    if report.left_out:
        click.echo(f"Left out, because their data were removed (person erase): {', '.join(report.left_out)}")
    verb = "would be sent" if report.is_dry_run else "will be sent"
    click.echo(f"{report.contacts} contacts {verb} to the notification service.")
    if report.is_dry_run:
        click.echo("Dry run: nothing was imported.")
