"""`agenda`: what is due, why something was or was not told, and a look at everything now."""

from datetime import datetime
from typing import Any

import click

from shared_lib.cli import FAILED, LONG_STATEMENT_SECONDS, Process
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from . import store

SCOPE = all_tenants("operations")

agenda = click.Group(
    "agenda",
    short_help="What is due, and why something was not told.",
    help="What time brings: reminders, expiries and what follows from them. The relays do it; these commands show it.",
)


@agenda.command("list")
@click.option("--due", is_flag=True, help="Only what is due now.")
@click.option("--stuck", is_flag=True, help="Only subjects whose last looks failed.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many to show.")
@click.pass_obj
def list_subjects(process: Process[Any], due: bool, stuck: bool, limit: int) -> None:
    """List the subjects by the moment of their next look.

    Example: agenda list --stuck
    """
    with process.database().begin(SCOPE) as session:
        rows = store.listed(session, limit=limit, due_at=utc_now() if due else None, stuck=stuck)
    for row in rows:
        fault = f"  {row.tries} failed looks, the last one: {row.last_error}" if row.tries else ""
        click.echo(f"{_minute(row.look_at)}  {row.subject}  {row.tenant}{fault}")
    click.echo(f"{len(rows)} shown.")


@agenda.command()
@click.argument("subject", metavar="SUBJECT")
@click.pass_obj
def explain(process: Process[Any], subject: str) -> int:
    """Show when SUBJECT is looked at next, and every decision about it.

    Example: agenda explain cert:mentor-042
    """
    with process.database().begin(SCOPE) as session:
        row, decisions = store.find(session, subject), store.decisions_of(session, subject)
    if row is None and not decisions:
        click.echo("There is no such subject.")
        return FAILED
    click.echo(f"Next look: {_minute(row.look_at) if row else 'when its facts change'}")
    if row is not None and row.last_error:
        click.echo(f"The last {row.tries} looks failed: {row.last_error}")
    for decision in decisions:
        outcome = decision.outcome if decision.reason is None else f"{decision.outcome}: {decision.reason}"
        made = f"  {decision.object_id}" if decision.object_id else ""
        click.echo(f"{_minute(decision.decided_at)}  due {_minute(decision.due_at)}  {outcome:<22}{decision.key}{made}")
    return 0


@agenda.command()
@click.option("--dry-run", is_flag=True, help="Only count what is due.")
@click.pass_obj
def run(process: Process[Any], dry_run: bool) -> None:
    """Look at everything that is due now, as the relays do by themselves. Repeating it is safe.

    Example: agenda run --dry-run
    """
    if dry_run:
        with process.database().begin(SCOPE) as session:
            rows = store.listed(session, limit=100_000, due_at=utc_now())
        click.echo(f"{len(rows)} subjects are due.")
        return
    config = process.config
    database = Database.open(config.database_url, pool_size=2, statement_timeout=LONG_STATEMENT_SECONDS)
    look_at = process.operations.agenda(config, database).poll()
    click.echo(f"Nothing is due now. Next look: {_minute(look_at) if look_at else 'when facts change'}")


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"
