"""`relay`, and `outbox` for dead letters and the quarantine. Every change is recorded in the audit log."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from sqlalchemy import text
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

_MESSAGE = text(
    "SELECT tenant, kind FROM outbox WHERE id = :id UNION ALL SELECT tenant, kind FROM outbox_closed WHERE id = :id"
)


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
    return worker.run(
        process.operations.dispatcher(config, database), service.migrations, metrics_bind=config.metrics_bind
    )


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
    return _change(process.database(), message_id, "outbox_replay", dead_letters.replay)


@outbox.command()
@message_id_argument
@click.pass_obj
def discard(process: Process[Any], message_id: UUID) -> int:
    """Discard one dead letter."""
    return _change(process.database(), message_id, "outbox_discard", dead_letters.discard)


@outbox.command()
@click.pass_obj
def quarantine(process: Process[Any]) -> int:
    """Hold back all waiting messages. Run it after a restore, before any process of the service starts."""
    try:
        count = _change_all(process.database(), "outbox_quarantine", dead_letters.quarantine)
    except dead_letters.RelayIsRunning:
        click.echo("A relay is running. Stop every process of this service first, and wait 20 seconds.")
        return FAILED
    click.echo(f"{count} in quarantine.")
    return 0


@outbox.command()
@click.pass_obj
def release(process: Process[Any]) -> None:
    """Deliver all messages in quarantine."""
    click.echo(f"{_change_all(process.database(), 'outbox_release', dead_letters.release)} released.")


def _change(database: Database, message_id: UUID, action: str, change: Callable[..., bool]) -> int:
    now = utc_now()
    with database.begin(SCOPE) as session:
        is_changed = change(session, message_id, now=now)
        if is_changed:
            _record(session, action, [message_id], now)
    click.echo("Done." if is_changed else "There is no such dead letter.")
    return 0 if is_changed else FAILED


def _change_all(database: Database, action: str, change: Callable[..., Sequence[UUID]]) -> int:
    now = utc_now()
    with database.begin(SCOPE) as session:
        changed = change(session, now=now)
        _record(session, action, changed, now)
    return len(changed)


def _record(session: Session, action: str, message_ids: Sequence[UUID], at: datetime) -> None:
    for message_id in message_ids:
        message = session.execute(_MESSAGE, {"id": message_id}).one()
        audit.record(
            session,
            action=action,
            actor_id=OPERATIONS,
            at=at,
            organisation_id=message.tenant,
            object_id=str(message_id),
            details={"code": message.kind},
        )
