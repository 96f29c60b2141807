"""After a restore from a back-up nothing may be sent that was sent since the back-up was made.

The restored outbox cannot know. So everything in it is put aside before a process starts, shown among what ended badly
(ending `held`), and begun anew or discarded by somebody who knows. What is promised from then on leaves as always.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from . import closed, presence
from .messages import FinalState
from .store import COLUMNS


class StillRunning(Exception):
    """A relay has been heard of within the last seconds: it might be sending what is to be held."""


def hold(session: Session, *, now: datetime) -> Sequence[UUID]:
    """Put every live row aside; answers which. Repeating is harmless. Raises StillRunning."""
    if presence.count(session, now=now):
        raise StillRunning
    moved = session.execute(
        text(
            f"WITH gone AS (DELETE FROM outbox RETURNING *) "  # noqa: S608 - a constant list of columns
            f"INSERT INTO outbox_closed ({COLUMNS}, ending, closed_at) SELECT {COLUMNS}, :ending, :now FROM gone "
            f"RETURNING id"
        ),
        {"ending": FinalState.HELD.value, "now": now},
    )
    return moved.scalars().all()


def release(session: Session, *, now: datetime) -> Sequence[UUID]:
    """Begin everything that is held anew, in its old order; answers which."""
    held = session.scalars(
        text("SELECT id FROM outbox_closed WHERE ending = :ending ORDER BY seq"), {"ending": FinalState.HELD.value}
    ).all()
    return [row_id for row_id in held if closed.replay(session, row_id, now=now)]
