"""The audit trail's hash chain."""

from alembic import op
from shared_lib.audit import create_chain

revision = "0003"
down_revision = "0002"

NEVER_EMPTIED = """
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""


def upgrade() -> None:
    for statements in (NEVER_EMPTIED, *create_chain("audit")):
        op.execute(statements)
