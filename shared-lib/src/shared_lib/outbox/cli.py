"""`relay`, and `outbox` for dead letters and the quarantine. Every change is recorded in the audit log."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import click
from sqlalchemy import Row
from sqlalchemy.orm import Session

from shared_lib import audit
from shared_lib.cli import FAILED, LONG_STATEMENT_SECONDS, Process
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants
from shared_lib.observability import logging, tracing

from . import dead_letters, worker
from .messages import DEAD_LETTER_STATES, FinalState

OPERATIONS = "operations"
SCOPE = all_tenants("operations")

outbox = click.Group(
    "outbox",
    short_help="Failed messages (dead letters), quarantine.",
    help="Outbox messages that failed (dead letters), and the quarantine.",
)
message_id_argument = click.argument("message_id", metavar="ID", type=click.UUID)


@click.command()
@click.pass_obj
def relay(process: Process[Any]) -> int:
    """Deliver outbox messages until SIGTERM."""
    config, service = process.config, process.service
    logging.configure(service.name, level=config.log_level)
    tracing.start(service.name)
    database = Database.open(config.database_url, pool_size=config.pool_size, statement_timeout=LONG_STATEMENT_SECONDS)
    dispatcher = process.operations.dispatcher(config, database)
    agenda = process.operations.agenda
    loops = [agenda(config, database)] if agenda is not None else []
    return worker.run(dispatcher, service.migrations, metrics_bind=config.metrics_bind, loops=loops)


@outbox.command("list")
@click.option(
    "--final-state",
    metavar="STATE",
    type=click.Choice([state.value for state in DEAD_LETTER_STATES]),
    help="Only messages in this state, such as dead or expired.",
)
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many to show.")
@click.pass_obj
def list_messages(process: Process[Any], final_state: str | None, limit: int) -> None:
    """List the newest dead letters."""
    state = FinalState(final_state) if final_state is not None else None
    with process.database().begin(SCOPE) as session:
        rows = dead_letters.newest(session, limit=limit, final_state=state)
    for row in rows:
        reason, at = row.last_reason or "-", f"{row.closed_at:%Y-%m-%d %H:%M:%S}"
        click.echo(f"{row.id}  {row.final_state:<11} {row.kind:<18} {reason:<24} {at}")
    click.echo(f"{len(rows)} shown.")


@outbox.command()
@message_id_argument
@click.pass_obj
def show(process: Process[Any], message_id: UUID) -> int:
    """Show one dead letter."""
    with process.database().begin(SCOPE) as session:
        row = dead_letters.find(session, message_id)
    click.echo(json.dumps(row._asdict(), indent=2, default=str) if row is not None else "There is no such message.")
    return 0 if row is not None else FAILED


@outbox.command()
@message_id_argument
@click.pass_obj
def replay(process: Process[Any], message_id: UUID) -> int:
    """Deliver one dead letter again under its old id. Repeating it is safe."""
    return _change_one(process, "outbox_replay", partial(dead_letters.replay, message_id=message_id))


@outbox.command()
@message_id_argument
@click.pass_obj
def discard(process: Process[Any], message_id: UUID) -> int:
    """Discard one dead letter."""
    return _change_one(process, "outbox_discard", partial(dead_letters.discard, message_id=message_id))


@outbox.command()
@click.pass_obj
def quarantine(process: Process[Any]) -> int:
    """Hold back all waiting messages. Run it after a restore, before any process of the service starts."""

    def change(session: Session, *, now: datetime) -> Sequence[Row[Any]]:
        process.operations.after_restore(session)
        return dead_letters.quarantine(session, now=now)

    try:
        click.echo(f"{_change(process, 'outbox_quarantine', change)} in quarantine.")
    except dead_letters.RelayIsRunning:
        click.echo("A relay is running. Stop every process of this service first, and wait 20 seconds.")
        return FAILED
    return 0


@outbox.command()
@click.pass_obj
def release(process: Process[Any]) -> None:
    """Deliver all messages in quarantine."""
    click.echo(f"{_change(process, 'outbox_release', dead_letters.release)} released.")


def _change_one(process: Process[Any], action: str, change: Callable[..., Sequence[Row[Any]]]) -> int:
    is_changed = _change(process, action, change) == 1
    click.echo("Done." if is_changed else "There is no such dead letter.")
    return 0 if is_changed else FAILED


def _change(process: Process[Any], action: str, change: Callable[..., Sequence[Row[Any]]]) -> int:
    """Change messages and record it for each of them, in one transaction; returns how many."""
    now = utc_now()
    with process.database().begin(SCOPE) as session:
        changed = change(session, now=now)
        for message in changed:
            audit.record(
                session,
                action=action,
                actor_id=OPERATIONS,
                at=now,
                organisation_id=message.tenant,
                object_id=str(message.id),
                details={"code": message.kind},
            )
    return len(changed)
