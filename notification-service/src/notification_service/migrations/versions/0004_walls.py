"""Row-level security: a transaction sees its own organisation's rows (shared_lib.database.row_level_security)."""

from alembic import op
from shared_lib import audit, idempotency, outbox
from shared_lib.database.row_level_security import enable_row_level_security

revision = "0004"
down_revision = "0001"
oldest_code = "0004"
"""Code of before this does not say whose rows it wants, and would see none."""

accepts = idempotency.PER_TENANT_ACCEPTS

TABLES = ("contact", "dispatch", "message", "inbox")


def upgrade() -> None:
    op.execute(enable_row_level_security("organisation", "id"))
    for table in TABLES:
        op.execute(enable_row_level_security(table, "organisation_id"))
    op.execute(outbox.PER_TENANT)
    op.execute(audit.PER_TENANT)
    op.execute(idempotency.PER_TENANT)


def downgrade() -> None:
    raise NotImplementedError
