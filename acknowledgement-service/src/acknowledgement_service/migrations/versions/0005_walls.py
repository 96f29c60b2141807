"""Row-level security: a transaction sees its own organisation's rows (shared_lib.database.row_level_security)."""

from alembic import op
from shared_lib import audit, idempotency
from shared_lib.database.row_level_security import enable_row_level_security

revision = "0005"
down_revision = "0002"
oldest_code = "0005"
"""Code of before this does not say whose rows it wants, and would see none."""

accepts = idempotency.PER_TENANT_ACCEPTS


def upgrade() -> None:
    op.execute(enable_row_level_security("lapse", "organisation_id"))
    op.execute(audit.PER_TENANT)
    op.execute(idempotency.PER_TENANT)
