"""What lists are sorted and narrowed by, wherever they walked over other people's lapses without."""

from alembic import op
from shared_lib.database.migrations import outside_transaction

revision = "0007"
down_revision = "0006"

OPEN = "WHERE acknowledged_at IS NULL"
INDEXES = {
    "lapse_of_organisation_by_expiry": "lapse (organisation_id, expiry_date, id)",
    "lapse_of_coordinator_by_expiry": "lapse (coordinator_id, expiry_date, id)",
    "lapse_open_of_organisation": f"lapse (organisation_id, created_at, id) {OPEN}",
    "lapse_open_by_expiry": f"lapse (expiry_date, id) {OPEN}",
    "lapse_open_of_organisation_by_expiry": f"lapse (organisation_id, expiry_date, id) {OPEN}",
}


def upgrade() -> None:
    with outside_transaction():
        for name, place in INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {place}")
