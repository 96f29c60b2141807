"""What the audit trail is narrowed by when it is read."""

from alembic import op
from shared_lib.database.migrations import outside_transaction

revision = "0004"
down_revision = "0003"

INDEXES = {
    "audit_of_mentor": "audit (mentor_id)",
    "audit_of_actor": "audit (actor_id, at)",
    "audit_of_act": "audit (act, at)",
    "audit_newest": "audit (at)",
}


def upgrade() -> None:
    with outside_transaction():
        for name, place in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {place}")
