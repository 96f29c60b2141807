"""`directory import FILE`: changes the directory to the contents of a CSV file."""

from pathlib import Path

import click
from shared_lib.cli import FAILED, Process, ProgressBar

from orchestrator_service.config import Config
from orchestrator_service.domain.directory_file import Report
from orchestrator_service.domain.errors import ImportRunning

directory = click.Group("directory", help="The people, their roles and the coordinators of mentors.")


@directory.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Do everything, then roll it back.")
@click.pass_obj
def import_directory(process: Process[Config], file: Path, dry_run: bool) -> int:
    """Change the directory to the contents of the CSV file FILE.

    Ends with 1 and imports nothing if a line of the file is wrong.
    """
    from orchestrator_service.app.relay import create_import

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
