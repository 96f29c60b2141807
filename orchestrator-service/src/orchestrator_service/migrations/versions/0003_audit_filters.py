"""What the audit trail is narrowed by when it is read."""

from alembic import op
from shared_lib.database.migrations import outside_transaction

revision = "0003"
down_revision = "0002"

INDEXES = {
    "audit_entry_of_event": "audit_entry (event_id)",
    "audit_entry_of_mentor": "audit_entry (peer_mentor_id)",
    "audit_entry_of_actor": "audit_entry (actor_id, at)",
    "audit_entry_of_action": "audit_entry (action, at)",
    "audit_entry_newest": "audit_entry (at)",
}


def upgrade() -> None:
    with outside_transaction():
        for name, place in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {place}")
