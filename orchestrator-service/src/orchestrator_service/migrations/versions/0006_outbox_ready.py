"""Relays find what is due of one kind without walking over another kind's backlog."""

from alembic import op
from shared_lib.database.migrations import outside_transaction
from shared_lib.outbox import READY

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with outside_transaction():
        for statement in READY:
            op.execute(statement)
