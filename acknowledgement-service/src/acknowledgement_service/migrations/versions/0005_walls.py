"""Row-level security: a transaction sees its own organisation's rows (shared_lib.tenancy)."""

from alembic import op
from shared_lib import audit, idempotency
from shared_lib.tenancy import protect

revision = "0005"
down_revision = "0004"
oldest_code = "0005"
"""Code of before this does not say whose rows it wants, and would see none."""

accepts = idempotency.PER_TENANT_ACCEPTS


def upgrade() -> None:
    op.execute(protect("lapse", "organisation_id"))
    op.execute(protect("audit", "organisation_id"))
    op.execute(audit.PER_TENANT)
    op.execute(idempotency.PER_TENANT)
