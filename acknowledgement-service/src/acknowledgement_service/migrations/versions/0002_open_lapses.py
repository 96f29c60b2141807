"""Counting what is open must not walk the table: `/metrics` asks every few seconds."""

from alembic import op
from shared_lib.database.migrations import outside_transaction

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with outside_transaction():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS lapse_open")
        op.execute("CREATE INDEX CONCURRENTLY lapse_open ON lapse (created_at) WHERE acknowledged_at IS NULL")
