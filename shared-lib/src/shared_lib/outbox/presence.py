"""Which relays are running, as they say themselves: without one, promises would only be kept by chance."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared_lib.clock import Clock
from shared_lib.database.engine import Database
from shared_lib.database.row_level_security import NO_TENANT

PERIOD_SECONDS = 10.0
MISSED_PERIODS = 2


def announce(session: Session, owner: UUID, *, now: datetime) -> None:
    """This relay is running; those not heard of for an hour are forgotten."""
    session.execute(
        text(
            "INSERT INTO outbox_relay (owner, seen_at) VALUES (:owner, :now) "
            "ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at"
        ),
        {"owner": owner, "now": now},
    )
    session.execute(text("DELETE FROM outbox_relay WHERE seen_at < :before"), {"before": now - timedelta(hours=1)})


def leave(session: Session, owner: UUID) -> None:
    session.execute(text("DELETE FROM outbox_relay WHERE owner = :owner"), {"owner": owner})


def count(session: Session, *, now: datetime) -> int:
    """How many relays have been heard of within two periods."""
    since = now - timedelta(seconds=PERIOD_SECONDS * MISSED_PERIODS)
    found = session.scalar(text("SELECT count(*) FROM outbox_relay WHERE seen_at >= :since"), {"since": since})
    return int(found or 0)


def is_relay_running(database: Database, clock: Clock) -> bool:
    """Has any relay of this database been heard of within two periods? A check for `/readyz`."""
    with database.begin(NO_TENANT) as session:
        return count(session, now=clock()) > 0
