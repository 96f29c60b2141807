"""The audit trail's hash chain."""

from alembic import op
from shared_lib.audit import create_chain

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statements in create_chain("audit_entry"):
        op.execute(statements)
