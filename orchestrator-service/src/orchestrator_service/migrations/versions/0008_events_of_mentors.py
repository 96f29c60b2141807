"""A mentor's newest events are found, narrowed and walled off within one index, without a look at their rows.

It takes the place of `pause_event_of_mentor`, which had the same columns to search by and none to narrow by.
"""

from alembic import op
from shared_lib.database.migrations import outside_transaction

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with outside_transaction():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS pause_event_by_mentor")
        op.execute(
            "CREATE INDEX CONCURRENTLY pause_event_by_mentor ON pause_event (peer_mentor_id, created_at DESC, id DESC)"
            " INCLUDE (organisation_id, event_type, coordinator_id)"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS pause_event_of_mentor")
