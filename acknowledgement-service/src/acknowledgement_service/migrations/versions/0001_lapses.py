"""Lapse records, their audit log and idempotency keys."""

from alembic import op
from shared_lib import audit, idempotency

revision = "0001"
down_revision = None

LAPSES = """
CREATE TABLE lapse (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL,
    mentor_id varchar NOT NULL,
    coordinator_id varchar NOT NULL,
    organisation_id varchar NOT NULL,
    expiry_date timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    coordinator_notes varchar,
    version integer NOT NULL,
    CONSTRAINT lapse_once UNIQUE (notification_id, coordinator_id)
);
CREATE INDEX lapse_newest ON lapse (created_at, id);
CREATE INDEX lapse_of_coordinator ON lapse (coordinator_id, created_at, id);
CREATE INDEX lapse_of_mentor ON lapse (mentor_id, created_at, id);
CREATE INDEX lapse_of_organisation ON lapse (organisation_id, created_at, id);
CREATE INDEX lapse_by_expiry ON lapse (expiry_date, id);
"""


def upgrade() -> None:
    op.execute(LAPSES)
    op.execute(audit.CREATE)
    op.execute(idempotency.CREATE)
