"""`certifications announce`: notices that become due as time passes."""

from datetime import timedelta

import click
from shared_lib.cli import Process, ProgressBar

from orchestrator_service.config import Config
from orchestrator_service.domain.certifications import TIERS

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
    from orchestrator_service.app.relay import create_certification_notices

    with ProgressBar() as bar:
        notices = create_certification_notices(process.config, progress=bar)
        found = notices.record_due(tiers=tiers, late_by=timedelta(days=late_by), dry_run=dry_run)
    click.echo(f"{found} notices {'are due' if dry_run else 'recorded'}.")
