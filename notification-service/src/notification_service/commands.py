"""The command that only this service has (`lapses`), and what the others work with."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click
from shared_lib.cli import Operations, Process, ProgressBar
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from .app.relay import create_agenda, create_dispatcher, create_lapse_news, create_ports
from .config import Config
from .store import lapses as store
from .store.person_data import retention_rules
from .store.tables import GRANTS, raise_numbers
from .usecases.person_data import PersonData

if TYPE_CHECKING:
    from flask import Flask


def _api(config: Config) -> "Flask":
    from .app.web import build_api

    return build_api(config, Database.open(config.database_url))


lapses = click.Group("lapses", help="Lapses that the acknowledgement service was told of.")


@lapses.command()
@click.argument("organisation", required=False)
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.pass_obj
def reopen(process: Process[Config], organisation: str | None, dry_run: bool) -> None:
    """Tell the acknowledgement service again all lapses that are open.

    For after a restore of any service; of one ORGANISATION or of all. May be repeated: what is there already stays.

    \b
    Example: lapses reopen nhf --dry-run
    """
    with process.database().begin(all_tenants("operations")) as session:
        found = [each for each in store.organisations(session) if organisation in (None, each)]
    if organisation is not None and not found:
        raise click.ClickException(f"There is no lapse of an organisation {organisation}.")
    news = create_lapse_news(process.config, process.database())
    with ProgressBar() as bar:
        for number, each in enumerate(found):
            bar.at(each, number, len(found))
            numbers = news.reopen(each, actor_id="operations", dry_run=dry_run)
            bar.clear()
            verb = "would be told" if dry_run else "will be told"
            click.echo(f"{each}: {numbers[0]} lapses and {numbers[1]} certifications {verb}.")


OPERATIONS = Operations[Config](
    grants=GRANTS,
    api=_api,
    retention=lambda config, now: retention_rules(
        now=now, message_days=config.message_days, inbox_retention_days=config.inbox_retention_days
    ),
    person_data=lambda process: nullcontext(PersonData(database=process.database(statement_timeout=0), clock=utc_now)),
    after_restore=raise_numbers,
    dispatcher=lambda config, database: create_dispatcher(config, database, create_ports(config)),
    agenda=create_agenda,
)
