"""What operations do about dead letters and the quarantine. Every change is recorded in the audit log."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import click
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared_lib import audit
from shared_lib.cli.terminal import FAILED
from shared_lib.clock import utc_now
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import all_tenants

from . import closed, hold

OPERATIONS = "operations"
SCOPE = all_tenants("operations")

_MESSAGE = text(
    "SELECT tenant, kind FROM outbox WHERE id = :id UNION ALL SELECT tenant, kind FROM outbox_closed WHERE id = :id"
)


def print_list(database: Database, *, final_state: str | None, limit: int) -> int:
    """Print the newest dead letters, one a line; returns the exit code. Raises click.BadParameter."""
    if final_state is not None and final_state not in closed.REPLAYABLE:
        raise click.BadParameter(f"a dead letter is one of {', '.join(closed.REPLAYABLE)}", param_hint="--final-state")
    with database.begin(SCOPE) as session:
        rows = closed.unhappy(session, limit=limit, ending=final_state)
    for row in rows:
        reason, at = row.last_reason or "-", f"{row.closed_at:%Y-%m-%d %H:%M:%S}"
        click.echo(f"{row.id}  {row.ending:<9} {row.kind:<18} {reason:<24} {at}")
    click.echo(f"{len(rows)} shown.")
    return 0


def print_one(database: Database, message_id: UUID) -> int:
    """Print a closed message as JSON; 1 if there is none."""
    with database.begin(SCOPE) as session:
        row = closed.show(session, message_id)
    click.echo(json.dumps(row._asdict(), indent=2, default=str) if row is not None else "There is no such message.")
    return 0 if row is not None else FAILED


def replay(database: Database, message_id: UUID) -> int:
    """Deliver a dead letter again; 1 if there is none."""
    return _change(database, message_id, "outbox_replay", closed.replay)


def discard(database: Database, message_id: UUID) -> int:
    """Discard a dead letter; 1 if there is none."""
    return _change(database, message_id, "outbox_discard", closed.discard)


def quarantine(database: Database) -> int:
    """Hold back every waiting message; 1 if a relay is running."""
    try:
        count = _change_all(database, "outbox_quarantine", hold.hold)
    except hold.StillRunning:
        click.echo("A relay is running. Stop every process of this service first, and wait 20 seconds.")
        return FAILED
    click.echo(f"{count} in quarantine.")
    return 0


def release(database: Database) -> int:
    """Deliver every message in quarantine."""
    click.echo(f"{_change_all(database, 'outbox_release', hold.release)} released.")
    return 0


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
