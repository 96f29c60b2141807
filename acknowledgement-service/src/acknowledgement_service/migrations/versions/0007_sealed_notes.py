"""Notes are kept sealed. What was written before stays readable until `encryption rotate-keys` has encrypted it."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE lapse ADD COLUMN encrypted_notes bytea, ADD COLUMN notes_key_id text")
